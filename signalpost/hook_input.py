"""What a client writes to a hook: read to its end, and never waited for in vain."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Generator
from typing import cast

import msgspec

from .hook_contract import Given

MAX_INPUT = 1024 * 1024
SECONDS = 0.5
"""A client has written by then."""
_CHUNK = 65_536


class BadInput(Exception):
    """It is no JSON object, or too much of it; the text tells nothing of what stands in it."""


def read_given(descriptor: int, seconds: float = SECONDS) -> Given:
    """Return the JSON object that comes from ``descriptor``.

    :raises BadInput: none has come within ``seconds``
    """
    data, size = bytearray(), 0
    for chunk in _chunks(descriptor, time.monotonic() + seconds):
        size += len(chunk)
        # What is too much is read all the same: a client may not bear that nobody does.
        if size <= MAX_INPUT:
            data += chunk
            given = _decoded(data) if chunk.rstrip().endswith(b"}") else None
            if isinstance(given, dict):  # whole: some clients keep their end open
                return cast("Given", given)
    if size > MAX_INPUT:
        raise BadInput(f"the input has {size} bytes, the limit is {MAX_INPUT}")
    raise BadInput(f"{size} bytes of input are no JSON object")


def _chunks(descriptor: int, until: float) -> Generator[bytes]:
    """Yield what comes, to its end or until a time."""
    ready = select.poll()
    ready.register(descriptor, select.POLLIN)
    while left := max(0.0, until - time.monotonic()):
        if not ready.poll(left * 1000):
            return
        chunk = os.read(descriptor, _CHUNK)
        if not chunk:
            return
        yield chunk


def _decoded(data: bytes | bytearray) -> object:
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
