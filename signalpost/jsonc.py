"""Edits the text of JSON with comments: what is not asked for stays, byte for byte. Pure.

{                                   {
  "theme": "dark" // mine             "theme": "dark", // mine
}                      set ──>        "mcpServers": {
                    <── remove          "signalpost": {...}
                                      }
                                    }
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence

from .jsonc_tree import Node, Part, Plain, items_of, members_of, read
from .transport.errors import BadRequest

Path = Sequence[str]
Found = Callable[[Plain], bool]

_INDENT = re.compile(r"^([ \t]+)[\"\]}]", re.MULTILINE)
_BESIDE = re.compile(r"[ \t]*(?://[^\r\n]*|/\*[^\n]*?\*/)?(?=[ \t\r]*\n)")
_REST_OF_LINE = re.compile(r"[ \t]*(?://[^\n]*)?\r?\n")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


def get(text: str, path: Path) -> Plain:
    """Return the value at ``path``; None: there is none.

    :raises BadRequest: it is no JSON
    """
    node = _find(read(text), path)
    return node.plain() if node is not None else None


def put(text: str, path: Path, value: object) -> str:
    """Return ``text`` with ``value`` at ``path``; what lies on the way is made.

    :raises BadRequest: it is no JSON, or something else than an object lies on the way
    """
    root = read(text)
    if root is None:
        gap = "" if text.endswith(("\n", "\ufeff")) or not text else _newline(text)
        return put(text + gap + "{}" + _newline(text), path, value)
    node, left = root, list(path)
    while left and (part := _object(node, path).member(left[0])) is not None:
        node, left = part.node, left[1:]
    if not left:
        return text if node.plain() == value else _replace(text, node, value)
    for key in reversed(left[1:]):
        value = {key: value}
    return _insert(text, _object(node, path), value, left[0])


def merge(text: str, path: Path, members: Mapping[str, object]) -> str:
    """Return ``text`` with each of ``members`` in the object at ``path``; its others stay.

    :raises BadRequest: as :func:`put`
    """
    node = _find(read(text), path)
    if node is None or node.kind != "object":
        return put(text, path, members)
    for key, value in members.items():
        text = put(text, [*path, key], value)
    return text


def append(text: str, path: Path, item: object) -> str:
    """Return ``text`` with ``item`` at the end of the array at ``path``, which is made.

    :raises BadRequest: as :func:`put`, or it is no array
    """
    node = _find(read(text), path)
    if node is None:
        return put(text, path, [item])
    if node.kind != "array":
        raise BadRequest(f"{'.'.join(path)} is no list. Mend it first.")
    return _insert(text, node, item, "")


def remove(text: str, path: Path, before: str | None = None) -> str:
    """Return ``text`` without what is at ``path``, and without what is empty by that.

    :param before: what the text was before that was put there, if it is known: what was empty
        then is as it was
    """
    holder = _find(read(text), path[:-1])
    part = holder.member(path[-1]) if holder is not None else None
    if holder is None or part is None:
        return text
    twice = sum(each.key == path[-1] for each in holder.parts) > 1
    left = _without(text, path[:-1], holder, part, before)
    return remove(left, path, before) if twice else left


def remove_items(text: str, path: Path, found: Found, before: str | None = None) -> str:
    """Return ``text`` without the items that ``found`` tells, and without what is empty by that.

    :param before: as for :func:`remove`
    """
    while True:
        node = _find(read(text), path)
        parts = node.parts if node is not None and node.kind == "array" else []
        ours = [part for part in parts if found(part.node.plain())]
        if node is None or not ours:
            return text
        text = _without(text, path, node, ours[-1], before)


# ---------------------------------------------------------------- inside


def _find(root: Node | None, path: Path) -> Node | None:
    node = root
    for key in path:
        part = node.member(key) if node is not None else None
        node = part.node if part is not None else None
    return node


def _object(node: Node, path: Path) -> Node:
    if node.kind != "object":
        raise BadRequest(f"what holds {path[-1]} is no object. Mend it first.")
    return node


def _without(text: str, path: Path, holder: Node, part: Part, before: str | None) -> str:
    """Take a part out of the holder at ``path``, and the holder with it where that is right."""
    left = text[holder.start + 1 : part.start] + text[_end(part) : holder.end - 1]
    if len(holder.parts) > 1:
        return _cut(text, holder, part)
    was = _find(read(before), path) if before is not None else None
    if before is not None and was is not None and was.kind == holder.kind:
        inside = before[was.start + 1 : was.end - 1]
        if inside.split() == left.split():
            return text[: holder.start + 1] + inside + text[holder.end - 1 :]
    elif path and not left.strip():
        return remove(text, path, before)
    elif before is not None and not path:
        around = text[: holder.start] + text[holder.end :]
        if around.split() == before.split():
            return before
    return _cut(text, holder, part)


def _end(part: Part) -> int:
    return part.node.end if part.comma is None else part.comma + 1


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _margin(text: str, at: int) -> str:
    """Return the space at the beginning of the line."""
    line = text[text.rfind("\n", 0, at) + 1 : at].lstrip("\ufeff")
    return line[: len(line) - len(line.lstrip(" \t"))]


def _step(text: str) -> str:
    """Return by how much a level is moved in."""
    found = _INDENT.search(text)
    return found[1] if found else "  "


def _written(text: str, value: object, margin: str) -> str:
    lines = _lines(value, _step(text)).split("\n")
    return (_newline(text) + margin).join(lines)


def _lines(value: object, step: str) -> str:
    """Return JSON with a line for each member; a list of plain things stands on one."""
    if members := members_of(value):
        parts = [f"{_plain(key)}: {_lines(each, step)}" for key, each in members.items()]
        return _block("{", parts, "}", step)
    if any(isinstance(each, dict | list) for each in items_of(value)):
        return _block("[", [_lines(each, step) for each in items_of(value)], "]", step)
    return _plain(value)


def _block(begin: str, parts: Sequence[str], end: str, step: str) -> str:
    inside = ",\n".join(parts).replace("\n", "\n" + step)
    return f"{begin}\n{step}{inside}\n{end}"


def _plain(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _replace(text: str, node: Node, value: object) -> str:
    written = _written(text, value, _margin(text, node.start))
    return text[: node.start] + written + text[node.end :]


def _insert(text: str, holder: Node, value: object, key: str) -> str:
    name = f"{_plain(key)}: " if holder.kind == "object" else ""
    if holder.parts and "\n" not in text[holder.start : holder.end]:
        return _beside(text, holder.parts[-1], name + _plain(value))
    outer = _margin(text, holder.start)
    margin = _margin(text, holder.parts[-1].start) if holder.parts else outer + _step(text)
    line = _newline(text) + margin + name + _written(text, value, margin)
    if holder.parts:
        return _below(text, holder.parts[-1], line)
    inside = text[holder.start + 1 : holder.end - 1]
    end = "" if "\n" in inside else _newline(text) + outer
    at = holder.start + 1 + len(inside.rstrip())
    return text[:at] + line + text[at : holder.end - 1] + end + text[holder.end - 1 :]


def _beside(text: str, last: Part, written: str) -> str:
    """Put a part behind the last one of a line."""
    if last.comma is not None:
        return f"{text[: last.comma + 1]} {written},{text[last.comma + 1 :]}"
    return f"{text[: last.node.end]}, {written}{text[last.node.end :]}"


def _below(text: str, last: Part, line: str) -> str:
    """Put a line below the last part, and below the comment that stands beside it."""
    end = _end(last)
    rest = _BESIDE.match(text, end)
    at = rest.end() if rest and rest[0].strip() else end
    if last.comma is not None:
        return text[:at] + line + "," + text[at:]
    return text[:end] + "," + text[end:at] + line + text[at:]


def _cut(text: str, holder: Node, part: Part) -> str:
    """Take a part out, with its line if nothing else stands on it, and the comma it needed."""
    at = holder.parts.index(part)
    previous = _end(holder.parts[at - 1]) if at else holder.start + 1
    begin, end = _begin(text, previous, part), _end(part)
    comma = holder.parts[at - 1].comma if at and part.comma is None else None
    if comma is not None:
        return text[:comma] + text[comma + 1 : begin] + text[end:]
    return text[:begin] + text[end:]


def _begin(text: str, previous: int, part: Part) -> int:
    """Return where the space before a part begins, with the line break if that may go."""
    begin = max(previous, len(text[: part.start].rstrip(" \t")))
    if begin <= previous or text[begin - 1] != "\n":
        return begin
    comments = [*_COMMENT.finditer(text, previous, begin)]
    in_comment = any(c[0].startswith("//") and c.end() == begin - 1 for c in comments)
    if in_comment and not _REST_OF_LINE.match(text, _end(part)):
        return begin  # what follows must not become part of that comment
    begin -= 1
    return begin - 1 if begin > previous and text[begin - 1] == "\r" else begin
