"""``signalpost-logs.json``: what happened, one JSON object a line, for people and programs."""

from __future__ import annotations

import errno
import json
import logging
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from ..transport.regular_file import open_regular
from .events import Event

MAX_BYTES = 5 << 20
DELAY_SECONDS = 0.0
"""Until the next round of the loop: all that one round has to tell is one write."""
_MOST = 1000
"""Events in memory."""
_logger = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode_lines


class EventLog:
    """Appends events to a file and moves it to ``.1`` when it is full.

    Events of a short time are written together, in whole lines. The log is a
    convenience: a disk that takes no more never stops the broker. ``failed``
    keeps the latest error until a line gets through again.
    """

    def __init__(
        self,
        path: Path,
        max_bytes: int = MAX_BYTES,
        clock: Callable[[], float] = time.time,
        later: Callable[[float, Callable[[], None]], object] | None = None,
    ) -> None:
        """``later`` is a loop's ``call_later``; without it, every event is written at once."""
        self.failed: OSError | None = None
        self._path = path
        self._max_bytes = max_bytes
        self._clock = clock
        self._later = later
        self._descriptor: int | None = None
        self._events: list[tuple[float, Event, dict[str, object]]] = []
        self._second = -1
        self._second_text = ""

    def write(self, event: Event, /, **fields: object) -> None:
        """Append one event. Fields are JSON values; no environment, no message bodies."""
        self._events.append((self._clock(), event, fields))
        if self._later is None or len(self._events) > _MOST:
            self.flush()
        elif len(self._events) == 1:
            self._later(DELAY_SECONDS, self.flush)

    def flush(self) -> None:
        """Write what is in memory."""
        events, self._events = self._events, []
        if not events:
            return
        try:
            self._append(self._text_of(events))
            self.failed = None
        except OSError as error:
            if not self.failed:
                _logger.warning("events cannot be written to %s: %s", self._path, error)
            self.failed = error

    def close(self) -> None:
        """Write what is in memory and close the file; a later event opens it again."""
        self.flush()
        self._shut()

    def _shut(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _text_of(self, events: list[tuple[float, Event, dict[str, object]]]) -> bytes:
        records: list[dict[str, object]] = []
        for time_of_day, event, fields in events:
            second, rest = divmod(int(time_of_day * 1000), 1000)
            if second != self._second:
                self._second = second
                self._second_text = datetime.fromtimestamp(second, UTC).isoformat()[:19]
            stamp = f"{self._second_text}.{rest:03d}Z"
            records.append({"timestamp": stamp, "event": event, **fields})
        return _lines(records)

    def _append(self, text: bytes) -> None:
        """Write lines, into as many files as they need."""
        while text:
            first = text.index(b"\n") + 1
            descriptor, size = self._place_for(first)
            room = max(first, self._max_bytes - size)
            batch = text if len(text) <= room else text[: text.rindex(b"\n", 0, room) + 1]
            written = os.write(descriptor, batch)
            if written < len(batch):
                # Half a line would spoil the next one too.
                os.ftruncate(descriptor, size + batch.rfind(b"\n", 0, written) + 1)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            text = text[len(batch) :]

    def _place_for(self, length: int) -> tuple[int, int]:
        """Return a descriptor with room for so many bytes, and the file's size."""
        descriptor = self._opened()
        found = os.fstat(descriptor)
        if found.st_nlink and (not found.st_size or found.st_size + length <= self._max_bytes):
            return descriptor, found.st_size
        if found.st_nlink:  # else somebody has deleted it
            self._path.replace(self._path.with_name(self._path.name + ".1"))
        self._shut()
        descriptor = self._opened()
        return descriptor, os.fstat(descriptor).st_size

    def _opened(self) -> int:
        if self._descriptor is None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
            self._descriptor = open_regular(self._path, flags)
        return self._descriptor


def _lines(records: list[dict[str, object]]) -> bytes:
    """Return records in ASCII: nothing in them can steer the terminal that shows the file."""
    try:
        text = _encode(records)
    except (UnicodeEncodeError, OverflowError):  # bytes that are no UTF-8, or a great number
        text = b"\x80"
    if text.isascii():
        return text
    if len(records) > 1:
        return b"".join(_lines([record]) for record in records)
    return json.dumps(records[0], separators=(",", ":")).encode() + b"\n"
