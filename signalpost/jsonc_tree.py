"""JSON with comments and trailing commas, read so that every part knows its place. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, NoReturn, cast

from .transport.errors import BadRequest

_SPACE = re.compile(r"(?:[ \t\r\n\ufeff]|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_PLAIN_STRING = re.compile(r'"([^"\\\x00-\x1f]*)"')
_WORD = re.compile(r"[A-Za-z0-9+.\-]+")
_DEEPEST = 200

Plain = Any
"""What :mod:`json` makes of a text."""


@dataclass(slots=True)
class Node:
    """One value and where it stands: ``text[start:end]``."""

    kind: Literal["object", "array", "scalar"]
    start: int
    end: int = 0
    value: Any = None
    """Of a scalar."""
    parts: list[Part] = field(default_factory=list["Part"])
    """Of an object or array."""

    def member(self, key: str) -> Part | None:
        """Return the last member of this name: it is the one that counts."""
        found = [part for part in self.parts if part.key == key]
        return found[-1] if self.kind == "object" and found else None

    def plain(self) -> Plain:
        """Return it as :mod:`json` would."""
        if self.kind == "object":
            return {part.key: part.node.plain() for part in self.parts}
        if self.kind == "array":
            return [part.node.plain() for part in self.parts]
        return self.value


@dataclass(slots=True)
class Part:
    """One member of an object, or one item of an array."""

    key: str
    """Empty in an array."""
    start: int
    node: Node
    comma: int | None = None
    """Where the comma behind it stands."""


def members_of(value: object) -> dict[str, Plain]:
    """Return the members of an object; of anything else: none."""
    return cast("dict[str, Plain]", value) if isinstance(value, dict) else {}


def items_of(value: object) -> list[Plain]:
    """Return the items of an array; of anything else: none."""
    return [*cast("list[object]", value)] if isinstance(value, list) else []


@lru_cache(maxsize=2)  # a file of some MB takes seconds, and every edit asks more than once
def read(text: str) -> Node | None:
    """Return the document's value, which is not to be changed; None: the text is blank.

    :raises BadRequest: it is no JSON; the text says where
    """
    reader = _Reader(text)
    at = reader.skip(0)
    if at == len(text):
        return None
    node = reader.value(at, 0)
    if (rest := reader.skip(node.end)) != len(text):
        reader.fail(rest, "nothing more was expected")
    return node


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text

    def skip(self, at: int) -> int:
        """Return where the next word begins, behind space and comments."""
        found = _SPACE.match(self._text, at)
        return found.end() if found else at

    def fail(self, at: int, why: str) -> NoReturn:
        line = self._text.count("\n", 0, at) + 1
        column = at - (self._text.rfind("\n", 0, at) + 1) + 1
        raise BadRequest(f"no valid JSON at line {line}, column {column}: {why}. Mend it first.")

    def value(self, at: int, depth: int) -> Node:
        if depth > _DEEPEST:
            self.fail(at, "it is nested too deeply")
        match self._text[at : at + 1]:
            case "{":
                return self._parts(Node("object", at), "}", depth)
            case "[":
                return self._parts(Node("array", at), "]", depth)
            case _:
                return self._scalar(at)

    def _scalar(self, at: int) -> Node:
        if plain := _PLAIN_STRING.match(self._text, at):
            return Node("scalar", at, plain.end(), plain[1])
        found = (_STRING if self._text[at : at + 1] == '"' else _WORD).match(self._text, at)
        if found is None:
            self.fail(at, "a value was expected")
        try:
            value = json.loads(found[0], parse_constant=_no_constant)
        except ValueError:
            self.fail(at, f"{found[0][:20]} is no value")
        return Node("scalar", at, found.end(), value)

    def _parts(self, node: Node, close: str, depth: int) -> Node:
        at = self.skip(node.start + 1)
        while self._text[at : at + 1] != close:
            part = self._part(node, at, depth)
            node.parts.append(part)
            at = self.skip(part.node.end)
            if self._text[at : at + 1] == ",":
                part.comma = at
                at = self.skip(at + 1)
            elif self._text[at : at + 1] != close:
                self.fail(at, f"a comma or {close} was expected")
        node.end = at + 1
        return node

    def _part(self, node: Node, at: int, depth: int) -> Part:
        if node.kind == "array":
            return Part("", at, self.value(at, depth + 1))
        if self._text[at : at + 1] != '"':
            self.fail(at, "a name in quotes was expected")
        name = self._scalar(at)
        colon = self.skip(name.end)
        if self._text[colon : colon + 1] != ":":
            self.fail(colon, "a colon was expected")
        return Part(name.value, at, self.value(self.skip(colon + 1), depth + 1))


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
