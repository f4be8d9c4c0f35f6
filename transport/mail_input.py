"""What a program gives as mail, checked and put into the wire's words. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import cast

from .errors import BadRequest, TooLarge
from .letters import MAX_CONTENT, MAX_METADATA


def recipients(to: str | Sequence[str]) -> list[str]:
    """Return whom a message is for.

    :raises BadRequest: nobody is named
    """
    names = [to] if isinstance(to, str) else list(to)
    if not names or not all(names):
        raise BadRequest("a recipient is empty. Name an agent, `*`, role:ROLE or any:role:ROLE.")
    return names


def content(given: object) -> str:
    """Return the text of a message.

    :raises BadRequest: it is no text
    :raises TooLarge: it is over its limit
    """
    if not isinstance(given, str):
        raise BadRequest(
            f"content is of type {type(given).__name__}. Send text, such as json.dumps(...) returns."
        )
    size = len(_utf8("content", given))
    if size > MAX_CONTENT:
        raise TooLarge(
            f"content has {size} bytes, the limit is {MAX_CONTENT}."
            " Write it to a file and send the path."
        )
    return given


def metadata(given: object) -> bytes:
    """Return a message's metadata as JSON; empty for None.

    :raises BadRequest: it is no JSON object
    :raises TooLarge: it is over its limit
    """
    if given is None:
        return b""
    if not isinstance(given, Mapping):
        raise BadRequest(f"metadata is of type {type(given).__name__}. Send a dict, or None.")
    members = cast("Mapping[object, object]", given)
    if wrong := [key for key in members if not isinstance(key, str)]:
        raise BadRequest(f"metadata has the key {wrong[0]!r}. Use text for every key.")
    written = _utf8("metadata", _json(members))
    if len(written) > MAX_METADATA:
        raise TooLarge(
            f"metadata has {len(written)} bytes as JSON, the limit is {MAX_METADATA}."
            " Put it into the content, or into a file."
        )
    return written


def choice(what: str, given: object, allowed: Sequence[str]) -> None:
    """Refuse a word that is none of those allowed.

    :raises BadRequest: it is another
    """
    if given not in allowed:
        raise BadRequest(f"{what} is {given!r}. Use one of: {', '.join(allowed)}.")


def seconds(what: str, given: float | None) -> None:
    """Refuse a time that is no limit.

    :raises BadRequest: it is negative, infinite or no number
    """
    if given is not None and not 0 <= given < math.inf:
        raise BadRequest(f"{what} is {given:g}. Use 0 or more seconds, or None where it may be.")


def lifetime(given: float | None) -> None:
    """Refuse a time to live that no message can have.

    :raises BadRequest: it is not above 0
    """
    if given is not None and not 0 < given < math.inf:
        raise BadRequest(f"ttl_seconds is {given:g}. Use more than 0 seconds, or None.")


def _json(members: Mapping[object, object]) -> str:
    try:
        return json.dumps(dict(members), allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise BadRequest(
            f"metadata cannot be written as JSON: {error}. Use text, finite numbers, booleans,"
            " None, lists and dicts."
        ) from error


def _utf8(what: str, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise BadRequest(
            f"{what} has a lone surrogate at character {error.start}, which is not UTF-8."
            " Replace it: text.encode(errors='replace').decode()"
        ) from error
