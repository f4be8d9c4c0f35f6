"""What is to be changed in one file of a client, and how that is undone. Pure: text in, text out.

Where ``before`` is asked for, it is what the file was before setup had changed it; None: that is
not known.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from . import jsonc, toml_text
from .jsonc_tree import Plain, items_of, members_of, read
from .markers import Markers
from .server_entry import ServerEntry

_OURS = re.compile(r" hook [a-z-]+ --client [a-z-]+\b| wait --rewake\b|/signalpost\.js\"")
"""Whatever program it is that is run with these words."""
_SERVER = "signalpost"
"""What our MCP server is called in every client."""


@dataclass(frozen=True, slots=True)
class JsonEntry:
    """Our MCP server in a file of JSON."""

    holder: tuple[str, ...]
    """The object that has the servers."""
    entry: ServerEntry

    def put(self, text: str) -> str:
        """Return the text with the entry; what a person has added to one stays.

        :raises BadRequest: it is no JSON, or has no place for it
        """
        for member in self.entry.dropped:
            if self.value(text) is not None:
                text = jsonc.remove(text, (*self._path, member), text)
        return jsonc.merge(text, self._path, self.entry.members(self.value(text)))

    def remove(self, text: str, before: str | None) -> str:
        """Return the text without it, or with the one that a person had made."""
        if before is None or not self.is_strange(before):
            return jsonc.remove(text, self._path, before)
        was, there = members_of(self.value(before)), self.value(text)
        for member in members_of(there).keys() - was.keys():
            text = jsonc.remove(text, (*self._path, member), text)
        return jsonc.merge(text, self._path, was) if there is not None else text

    def is_strange(self, text: str) -> bool:
        """Tell whether there is an entry that setup has not written."""
        there = self.value(text)
        return there is not None and not self.entry.wrote(there)

    def value(self, text: str) -> Plain:
        """Return the entry that is there; None: there is none."""
        return jsonc.get(text, self._path)

    @property
    def _path(self) -> tuple[str, ...]:
        return (*self.holder, _SERVER)


@dataclass(frozen=True, slots=True)
class TomlEntry:
    """Our MCP server in a file of TOML."""

    holder: tuple[str, ...]
    """The table that has the servers."""
    entry: ServerEntry

    def put(self, text: str) -> str:
        """Return the text with the table; what a person has added to one stays.

        :raises BadRequest: it is no TOML, or has such a table in a form that is not edited
        """
        for member in self.entry.dropped:
            text = toml_text.remove(text, (*self._path, member))
        return toml_text.merge(text, self._path, self.entry.members(self.value(text)))

    def remove(self, text: str, before: str | None) -> str:
        """Return the text without it, or with the one that a person had made."""
        if before is None or not self.is_strange(before):
            return toml_text.remove(text, self._path)
        was, there = members_of(self.value(before)), self.value(text)
        for member in members_of(there).keys() - was.keys():
            text = toml_text.remove(text, (*self._path, member))
        return toml_text.merge(text, self._path, was) if there is not None else text

    def is_strange(self, text: str) -> bool:
        """Tell whether there is an entry that setup has not written."""
        there = self.value(text)
        return there is not None and not self.entry.wrote(there)

    def value(self, text: str) -> Plain:
        """Return the entry that is there; None: there is none."""
        return toml_text.get(text, self._path)

    @property
    def _path(self) -> tuple[str, ...]:
        return (*self.holder, _SERVER)


@dataclass(frozen=True, slots=True)
class JsonItems:
    """Items of ours in lists, by the path of the list: hooks, as most clients write them."""

    items: tuple[tuple[tuple[str, ...], Plain], ...]
    needs: tuple[tuple[tuple[str, ...], Plain], ...] = ()
    """Values that must stand beside them."""

    def put(self, text: str) -> str:
        """Return the text with the items in place of older ones of ours.

        :raises BadRequest: it is no JSON, or has no place for them
        """
        if not self.missing(text):
            return text
        text = self._without(text, text)
        for path, value in self.needs:
            if jsonc.get(text, path) is None:
                text = jsonc.put(text, path, value)
        for path, item in self.items:
            text = jsonc.append(text, path, item)
        return text

    def remove(self, text: str, before: str | None) -> str:
        """Return the text without them, and without what they needed if that was not there."""
        text = self._without(text, before)
        for path, _ in self.needs:
            if before is not None and jsonc.get(before, path) is None:
                text = jsonc.remove(text, path, before)
        return text

    def missing(self, text: str) -> list[str]:
        """Return the names of the lists in which an item is missing, or an old one stands."""
        short: list[str] = []
        for path in self._lists():
            wanted = [item for each, item in self.items if each == path]
            if [item for item in _listed(text, path) if is_ours(item)] != wanted:
                short.append(path[-1])
        return short

    def _lists(self) -> list[tuple[str, ...]]:
        return [*dict.fromkeys(path for path, _ in self.items)]

    def _without(self, text: str, before: str | None) -> str:
        for path in self._lists() if read(text) is not None else []:
            text = jsonc.remove_items(text, path, is_ours, before)
        return text


@dataclass(frozen=True, slots=True)
class Block:
    """A block of text of ours, between markers."""

    text: str
    markers: Markers

    def put(self, text: str) -> str:
        """Return the text with the block."""
        return self.markers.put(text, self.text)

    def remove(self, text: str, before: str | None) -> str:
        """Return the text without it."""
        left = self.markers.remove(text)
        same = before is not None and left.rstrip("\r\n") == before.rstrip("\r\n")
        return before if before is not None and same else left


@dataclass(frozen=True, slots=True)
class Whole:
    """A file that is ours alone."""

    text: str

    def put(self, _text: str) -> str:
        """Return what is in it."""
        return self.text

    def remove(self, _text: str, before: str | None) -> str:
        """Return what was there before; nothing: it goes."""
        return before or ""


@dataclass(frozen=True, slots=True)
class FormerItem:
    """An item that an earlier version has put into a list, and that is of no use."""

    path: tuple[str, ...]
    item: Plain

    def put(self, text: str) -> str:
        """Return the text without it."""
        return self.remove(text, None)

    def remove(self, text: str, before: str | None) -> str:
        """Return the text without it, and without what is empty by that."""
        if read(text) is None:
            return text
        return jsonc.remove_items(text, self.path, lambda item: item == self.item, before)


@dataclass(frozen=True, slots=True)
class FormerFile:
    """A file that an earlier version has written where it is of no use, known by its first line."""

    first_line: str

    def put(self, text: str) -> str:
        """Return nothing if it is ours, so that it goes."""
        return "" if text.startswith(self.first_line) else text

    def remove(self, text: str, _before: str | None) -> str:
        """Return the same."""
        return self.put(text)


Entry = JsonEntry | TomlEntry
Change = Entry | JsonItems | Block | Whole | FormerItem | FormerFile


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of one file, and what it is for."""

    path: Path
    change: Change
    what: str


def is_ours(item: Plain) -> bool:
    """Tell whether an entry of a list of hooks or plugins is one of ours, and nobody else's."""
    each = items_of(members_of(item).get("hooks", [item]))
    return bool(each) and all(_OURS.search(json.dumps(one)) for one in each)


def _listed(text: str, path: tuple[str, ...]) -> list[Plain]:
    return items_of(jsonc.get(text, path)) if read(text) is not None else []
