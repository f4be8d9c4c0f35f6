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
from collections.abc import Callable, Sequence

from .jsonc_tree import Node, Part, Plain, read
from .transport.errors import BadRequest

Path = Sequence[str]
Found = Callable[[Plain], bool]

_INDENT = re.compile(r"^([ \t]+)[\"\]}]", re.MULTILINE)


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
        return put(text + "{}" + _newline(text), path, value)
    node, left = root, list(path)
    while left and (part := _object(node, path).member(left[0])) is not None:
        node, left = part.node, left[1:]
    if not left:
        return text if node.plain() == value else _replace(text, node, value)
    for key in reversed(left[1:]):
        value = {key: value}
    return _insert(text, _object(node, path), value, left[0])


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


def remove(text: str, path: Path) -> str:
    """Return ``text`` without what is at ``path``, and without what is empty by that."""
    root = read(text)
    holder = _find(root, path[:-1])
    part = holder.member(path[-1]) if holder is not None else None
    if holder is None or part is None:
        return text
    if len(path) > 1 and len(holder.parts) == 1 and not _has_comments(text, holder):
        return remove(text, path[:-1])
    return _cut(text, holder, part)


def remove_items(text: str, path: Path, found: Found) -> str:
    """Return ``text`` without the items that ``found`` tells, and without what is empty by that."""
    while True:
        node = _find(read(text), path)
        parts = node.parts if node is not None and node.kind == "array" else []
        ours = [part for part in parts if found(part.node.plain())]
        if node is None or not ours:
            return text
        if len(parts) == len(ours) == 1 and not _has_comments(text, node):
            return remove(text, path)
        text = _cut(text, node, ours[-1])


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
    lines = json.dumps(value, indent=_step(text), ensure_ascii=False).split("\n")
    return (_newline(text) + margin).join(lines)


def _replace(text: str, node: Node, value: object) -> str:
    written = _written(text, value, _margin(text, node.start))
    return text[: node.start] + written + text[node.end :]


def _insert(text: str, holder: Node, value: object, key: str) -> str:
    name = f"{json.dumps(key, ensure_ascii=False)}: " if holder.kind == "object" else ""
    if holder.parts and "\n" not in text[holder.start : holder.end]:
        return _beside(text, holder.parts[-1], name + json.dumps(value, ensure_ascii=False))
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
    end = last.node.end if last.comma is None else last.comma + 1
    rest = re.compile(r"[ \t]*(?://[^\r\n]*|/\*[^\n]*?\*/)?(?=[ \t\r]*\n)").match(text, end)
    at = rest.end() if rest and rest[0].strip() else end
    if last.comma is not None:
        return text[:at] + line + "," + text[at:]
    return text[:end] + "," + text[end:at] + line + text[at:]


def _cut(text: str, holder: Node, part: Part) -> str:
    at = holder.parts.index(part)
    begin, end = _line_before(text, part.start), part.node.end
    if part.comma is not None:
        return text[:begin] + text[part.comma + 1 :]
    if at == 0:
        left = text[:begin] + text[end:]
        return _closed(left, holder.start)
    comma = holder.parts[at - 1].comma
    if comma is None:
        return text
    return text[:comma] + text[comma + 1 : max(begin, comma + 1)] + text[end:]


def _line_before(text: str, at: int) -> int:
    """Return where the space before a part begins, and the line break with it."""
    begin = at - len(_trailing_space(text[:at]))
    if text[begin - 1 : begin] == "\n":
        begin -= 1
        if text[begin - 1 : begin] == "\r":
            begin -= 1
    return begin


def _trailing_space(text: str) -> str:
    return text[len(text.rstrip(" \t")) :]


def _closed(text: str, start: int) -> str:
    """Put the end of an empty object or array beside its beginning."""
    rest = text[start + 1 :].lstrip()
    return text[: start + 1] + rest if rest[:1] in ("}", "]") else text


def _has_comments(text: str, holder: Node) -> bool:
    inside = text[holder.start : holder.end]
    for part in reversed(holder.parts):
        inside = inside[: part.start - holder.start] + inside[part.node.end - holder.start :]
    return "//" in inside or "/*" in inside
