"""Where the tables and keys of a TOML text stand. Pure.

Whether it is TOML at all is for :mod:`tomllib` to say; this reads what passed there.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass

_BLANK = re.compile(r"(?:[ \t\r\n\ufeff]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_LINE = re.compile(r"[^\n]*(?:\n|\Z)")
_PART = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_NO_BRACKET = re.compile(r"""(?:[^\[\]{}"'#]|#[^\n]*)+""")
_BARE = re.compile(r"[^#\r\n]*")

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A header, or a key with its value: ``text[start:end]`` are its whole lines."""

    header: bool
    path: Key
    """Of a header the table, of a key the whole path."""
    start: int
    end: int
    value: tuple[int, int] = (0, 0)
    """Of a key: where its value stands."""


def lines_of(text: str) -> Iterator[Line]:
    """Give every header and every key, in order."""
    table: Key = ()
    at = _end(_BLANK, text, 0)
    while at < len(text):
        start = text.rfind("\n", 0, at) + 1
        if text[at] == "[":
            table, at = _key(text, at + (2 if text[at + 1] == "[" else 1))
            end = _end(_LINE, text, at)
            yield Line(True, table, start, end)
        else:
            key, at = _key(text, at)
            begin = _end(_SPACE, text, at + 1)
            stop = _value_end(text, begin)
            end = _end(_LINE, text, stop)
            yield Line(False, (*table, *key), start, end, (begin, stop))
        at = _end(_BLANK, text, end)


def _key(text: str, at: int) -> tuple[Key, int]:
    """Read a key with its dots, and the space around it."""
    parts: list[str] = []
    while True:
        at = _end(_SPACE, text, at)
        end = _end(_PART, text, at)
        parts.append(_name(text[at:end]))
        at = _end(_SPACE, text, end)
        if text[at : at + 1] != ".":
            return tuple(parts), at
        at += 1


def _name(written: str) -> str:
    return str(tomllib.loads(f"x = {written}")["x"]) if written[0] in "\"'" else written


def _value_end(text: str, at: int) -> int:
    if text[at] in "\"'":
        return _end(_STRING, text, at)
    if text[at] not in "[{":
        return at + len(_BARE.match(text, at)[0].rstrip())  # type: ignore[index]
    depth = 0
    while True:
        if text[at] in "[{":
            depth, at = depth + 1, at + 1
        elif text[at] in "]}":
            depth, at = depth - 1, at + 1
        else:
            at = _end(_STRING if text[at] in "\"'" else _NO_BRACKET, text, at)
        if depth == 0:
            return at


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at
