"""What a client writes to a hook: read to its end, and never waited for in vain."""

from __future__ import annotations

import os
import select
import time
from typing import cast

import msgspec

from .hook_contract import Given

MAX_INPUT = 1024 * 1024
SECONDS = 0.5
"""A client has written by then; one that does not close its end is read to there."""
_CHUNK = 65_536


class BadInput(Exception):
    """It is no JSON object, or too much of it; the text tells nothing of what stands in it."""


def read_given(descriptor: int, seconds: float = SECONDS) -> Given:
    """Return the JSON object that comes from ``descriptor``.

    :raises BadInput: none has come within ``seconds``
    """
    data, size = _read(descriptor, time.monotonic() + seconds)
    if size > MAX_INPUT:
        raise BadInput(f"the input has {size} bytes, the limit is {MAX_INPUT}")
    try:
        given: object = msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"{size} bytes of input are no JSON") from error
    if not isinstance(given, dict):
        raise BadInput("the input is no JSON object")
    return cast("Given", given)


def _read(descriptor: int, until: float) -> tuple[bytes, int]:
    """Return the beginning of what comes, and how much has come.

    What is too much is read all the same: a client may not bear that nobody does.
    """
    ready = select.poll()
    ready.register(descriptor, select.POLLIN)
    data, size = bytearray(), 0
    while left := max(0.0, until - time.monotonic()):
        if not ready.poll(left * 1000):
            break
        chunk = os.read(descriptor, _CHUNK)
        if not chunk:
            break
        size += len(chunk)
        if size <= MAX_INPUT:
            data += chunk
    return bytes(data), size
