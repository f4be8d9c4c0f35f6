"""Values that a caller gave: text that can be passed on, and how to show them. Pure."""

from __future__ import annotations

import json

from ..transport.errors import BadRequest
from .safe_text import one_line

_SHOWN = 80


def text(value: object, what: str) -> str:
    """Return ``value`` if it is text that a process and the wire can carry.

    :raises BadRequest: not text, or with a NUL or half of a surrogate pair in it
    """
    if not isinstance(value, str):
        raise BadRequest(f"{what} must be a string, not {shown(value)}. Pass text.")
    if "\0" in value:
        raise BadRequest(f"{what} contains a NUL character. Remove it.")
    if not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
        raise BadRequest(f"{what} contains half of a surrogate pair. Send valid Unicode text.")
    return value


def shown(value: object) -> str:
    """Return ``value`` as JSON in one short harmless line, for a refusal."""
    try:
        written = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        written = f"a {type(value).__name__}"
    return one_line(written, _SHOWN)
