"""Values that a caller gave: read as what they must be, or refused with the remedy. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import TypeVar

from ..transport.errors import BadRequest
from ..transport.safe_text import one_line

_SHOWN = 80

Given = Mapping[str, object]
"""The arguments of a call that were given, by name."""
T = TypeVar("T")


def needed(present: Given, name: str, read: Callable[[object, str], T], explained: str) -> T:
    """Return the argument ``name`` as ``read`` reads it; ``explained`` says what to pass.

    :raises BadRequest: it is missing or wrong
    """
    if name not in present:
        raise BadRequest(f"{name} is missing. Pass {explained}.")
    return read(present[name], name)


def optional(present: Given, name: str, read: Callable[[object, str], T], default: T) -> T:
    """Return the argument ``name`` as ``read`` reads it, ``default`` when it was left out.

    :raises BadRequest: it is wrong
    """
    return read(present[name], name) if name in present else default


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


def number(value: object, what: str) -> float:
    """Return ``value`` if it is a finite number.

    :raises BadRequest: it is none
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            written = float(value)
        except OverflowError:
            written = math.inf
        if math.isfinite(written):
            return written
    raise BadRequest(f"{what} must be a finite number, not {shown(value)}.")


def seconds(value: object, what: str) -> float:
    """Return ``value`` if it is a time, 0 or more.

    :raises BadRequest: it is none
    """
    given = number(value, what)
    if given < 0:
        raise BadRequest(f"{what} is {shown(value)}. Pass a number of seconds, 0 or more.")
    return given


def some_seconds(value: object, what: str) -> float:
    """Return ``value`` if it is a time above 0.

    :raises BadRequest: it is none
    """
    given = number(value, what)
    if given <= 0:
        raise BadRequest(f"{what} is {shown(value)}. Pass a number of seconds above 0.")
    return given


def integer(value: object, what: str, least: int, most: int, explained: str = "") -> int:
    """Return ``value`` if it is a whole number in this range; ``explained`` says what to pass.

    :raises BadRequest: it is none
    """
    # JSON knows one kind of number: 8.0 is an integer too.
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    if isinstance(whole, int) and not isinstance(whole, bool) and least <= whole <= most:
        return whole
    wanted = explained or f"a whole number from {least} to {most}"
    raise BadRequest(f"{what} is {shown(value)}. Pass {wanted}.")


def boolean(value: object, what: str) -> bool:
    """Return ``value`` if it is true or false.

    :raises BadRequest: it is neither
    """
    if isinstance(value, bool):
        return value
    raise BadRequest(f"{what} must be true or false, not {shown(value)}.")
