"""What is to be changed in one file of a client, and how that is undone. Pure: text in, text out."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from . import jsonc
from .jsonc_tree import Plain, read
from .markers import Markers
from .transport.errors import BadRequest

_OURS = re.compile(r"signalpost[\\\"']* (hook|wait) |/signalpost\.js\"")


@dataclass(frozen=True, slots=True)
class JsonEntry:
    """One value of ours in a file of JSON."""

    path: tuple[str, ...]
    value: Plain

    def put(self, text: str) -> str:
        """Return the text with the entry.

        :raises BadRequest: it is no JSON, or has no place for it
        """
        return jsonc.put(text, self.path, self.value)

    def remove(self, text: str) -> str:
        """Return the text without it."""
        return jsonc.remove(text, self.path)


@dataclass(frozen=True, slots=True)
class JsonItems:
    """Items of ours in lists, by the path of the list: hooks, as most clients write them."""

    items: tuple[tuple[tuple[str, ...], Plain], ...]
    needs: tuple[tuple[tuple[str, ...], Plain], ...] = ()
    """Values that must stand beside them; they stay when the items go."""

    def put(self, text: str) -> str:
        """Return the text with the items in place of older ones of ours.

        :raises BadRequest: it is no JSON, or has no place for them
        """
        if all(self._has(text, path, item) for path, item in self.items):
            return text
        text = self.remove(text)
        for path, value in self.needs:
            if jsonc.get(text, path) is None:
                text = jsonc.put(text, path, value)
        for path, item in self.items:
            text = jsonc.append(text, path, item)
        return text

    def remove(self, text: str) -> str:
        """Return the text without them."""
        if read(text) is None:
            return text
        for path in dict.fromkeys(path for path, _ in self.items):
            text = jsonc.remove_items(text, path, is_ours)
        return text

    def _has(self, text: str, path: Sequence[str], item: Plain) -> bool:
        found = jsonc.get(text, path)
        return isinstance(found, list) and item in found


@dataclass(frozen=True, slots=True)
class TomlTable:
    """A table of ours at the end of a TOML file, between markers."""

    path: tuple[str, ...]
    value: Mapping[str, Plain]
    markers: Markers

    def put(self, text: str) -> str:
        """Return the text with the table.

        :raises BadRequest: it is no TOML, or has such a table that is not ours
        """
        _check_toml(text)
        left = self.markers.remove(text)
        if _has(_check_toml(left), self.path):
            raise BadRequest(
                f"it has a table [{'.'.join(self.path)}] of its own. Remove that, then run setup"
                " again; or leave it and use --no-entry."
            )
        return self.markers.put(text, self._written())

    def remove(self, text: str) -> str:
        """Return the text without it."""
        return self.markers.remove(text)

    def _written(self) -> str:
        lines = [f"[{'.'.join(self.path)}]"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in self.value.items()]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Block:
    """A block of text of ours, between markers."""

    text: str
    markers: Markers

    def put(self, text: str) -> str:
        """Return the text with the block."""
        return self.markers.put(text, self.text)

    def remove(self, text: str) -> str:
        """Return the text without it."""
        return self.markers.remove(text)


@dataclass(frozen=True, slots=True)
class Whole:
    """A file that is ours alone."""

    text: str

    def put(self, _text: str) -> str:
        """Return what is in it."""
        return self.text

    def remove(self, _text: str) -> str:
        """Return that nothing is in it: it goes."""
        return ""


Change = JsonEntry | JsonItems | TomlTable | Block | Whole


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of one file, and what it is for."""

    path: Path
    change: Change
    what: str


def is_ours(item: Plain) -> bool:
    """Tell whether an entry of a list of hooks or plugins is one of ours."""
    return _OURS.search(json.dumps(item)) is not None


def _has(tables: Plain, path: Sequence[str]) -> bool:
    for key in path:
        if not isinstance(tables, dict) or key not in tables:
            return False
        tables = cast("dict[str, Plain]", tables)[key]
    return True


def _check_toml(text: str) -> dict[str, Plain]:
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise BadRequest(f"no valid TOML: {error}. Mend it first.") from error
