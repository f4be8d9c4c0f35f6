"""Edits a table in the text of TOML: what is not asked for stays, byte for byte. Pure.

    model = "x" # mine            model = "x" # mine
                      merge ──>
                  <── remove      [mcp_servers.signalpost]
                                  command = "signalpost"

Whatever was done, :mod:`tomllib` must find in the result what was wanted, and all else as
it was; otherwise the edit is refused.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from typing import Any, cast

from .toml_lines import Key, Line, lines_of
from .transport.errors import BadRequest

Table = dict[str, Any]


def read(text: str) -> Table:
    """Return the document.

    :raises BadRequest: it is no TOML; the text says where
    """
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise BadRequest(f"no valid TOML: {error}. Mend it first.") from error


def get(text: str, path: Key) -> Table | None:
    """Return the table at ``path``; None: there is none."""
    return _at(read(text), path)


def merge(text: str, path: Key, values: Mapping[str, object]) -> str:
    """Return ``text`` with ``values`` in the table at ``path``, which is made at the end.

    :raises BadRequest: it is no TOML, or that table is written in a form that is not edited
    """
    wanted = read(text)
    table = _at(wanted, path)
    if table is None:
        edited = _appended(text, path, values)
    else:
        edited = text
        for key, value in values.items():
            if key not in table:
                edited = _added(edited, path, key, value)
            elif table[key] != value:
                edited = _changed(edited, path, key, value)
    for key in reversed(path):
        values = {key: values}
    return _checked(edited, _merged(wanted, values), path)


def remove(text: str, path: Key) -> str:
    """Return ``text`` without the table, or key, at ``path`` and without the empty line before it.

    :raises BadRequest: it is no TOML, or that is written in a form that is not edited
    """
    wanted = read(text)
    holder = _at(wanted, path[:-1])
    if holder is None or path[-1] not in holder:
        return text
    del holder[path[-1]]
    edited = text
    while found := _ranges(edited, path):
        edited = _cut(edited, *found[-1])
    return _checked(edited, wanted, path)


# ---------------------------------------------------------------- inside


def _at(table: object, path: Key) -> Table | None:
    for key in path:
        table = cast("Table", table).get(key) if isinstance(table, dict) else None
    return cast("Table", table) if isinstance(table, dict) else None


def _merged(old: Table, new: Mapping[str, object]) -> Table:
    both: Table = {**old}
    for key, value in new.items():
        there = both.get(key)
        if isinstance(value, dict) and isinstance(there, dict):
            both[key] = _merged(cast("Table", there), cast("Table", value))
        else:
            both[key] = value
    return both


def _checked(edited: str, wanted: Table, path: Key) -> str:
    try:
        got = tomllib.loads(edited.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError:
        got = None
    # A parent of which nothing is left may be there or not.
    if got is None or _whole(got, path) != _whole(wanted, path):
        raise BadRequest(
            f"{'.'.join(path)} stands there in a form that setup does not edit. Write it as a"
            f" table [{'.'.join(path)}], or remove it, and run setup again."
        )
    return edited


def _whole(table: Table, path: Key) -> Table:
    if path and table.get(path[0]) == {}:
        return {key: value for key, value in table.items() if key != path[0]}
    return table


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _written(key: str, value: object) -> str:
    return f"{key} = {json.dumps(value, ensure_ascii=False)}".replace("\x7f", "\\u007f")


def _appended(text: str, path: Key, values: Mapping[str, object]) -> str:
    newline = _newline(text)
    lines = [f"[{'.'.join(path)}]", *(_written(key, each) for key, each in values.items())]
    block = newline.join(lines)
    if not text.removeprefix("\ufeff"):
        return text + block + newline
    if text.endswith("\n"):
        return text + newline + block + newline
    return text + newline * 2 + block  # so that it can be seen that there was no last line break


def _section(text: str, path: Key) -> list[Line]:
    """Return the header of a table with its keys; nothing: it is written in another form."""
    found: list[Line] = []
    for line in lines_of(text):
        if line.header and found:
            return found
        if found or (line.header and line.path == path):
            found.append(line)
    return found


def _changed(text: str, path: Key, key: str, value: object) -> str:
    for line in _section(text, path)[1:]:
        if line.path == (*path, key):
            begin, end = line.value
            return text[:begin] + _written("", value).removeprefix(" = ") + text[end:]
    return text


def _added(text: str, path: Key, key: str, value: object) -> str:
    section = _section(text, path)
    if not section:
        return text
    end, newline = section[-1].end, _newline(text)
    line = _written(key, value)
    if text[:end].endswith("\n"):
        return text[:end] + line + newline + text[end:]
    return text[:end] + newline + line + text[end:]


def _ranges(text: str, path: Key) -> list[tuple[int, int]]:
    """Return where the lines of what is at ``path`` begin and end."""
    found: list[tuple[int, int]] = []
    inside = False
    for line in lines_of(text):
        ours = line.path[: len(path)] == path
        if ours and found and inside and not line.header:
            found[-1] = (found[-1][0], line.end)
        elif ours:
            found.append((line.start, line.end))
        inside = ours
    return found


def _cut(text: str, begin: int, end: int) -> str:
    before, after = text[:begin], text[end:]
    for newline in ("\r\n", "\n"):
        if before.endswith(newline * 2) or before == newline:
            before = before.removesuffix(newline)
            break
    if not after and before and not text.endswith("\n"):
        before = before.removesuffix("\n").removesuffix("\r")
    return before + after
