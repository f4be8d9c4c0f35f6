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

from .events import Event

MAX_BYTES = 5 << 20
_logger = logging.getLogger(__name__)


class EventLog:
    """Appends events to a file and moves it to ``.1`` when it is full.

    The log is a convenience: a disk that takes no more never stops the broker.
    ``failed`` keeps the latest error until a line gets through again.
    """

    def __init__(
        self, path: Path, max_bytes: int = MAX_BYTES, clock: Callable[[], float] = time.time
    ) -> None:
        self.failed: OSError | None = None
        self._path = path
        self._max_bytes = max_bytes
        self._clock = clock
        self._descriptor: int | None = None

    def write(self, event: Event, /, **fields: object) -> None:
        """Append one event. Fields are JSON values; no environment, no message bodies."""
        now = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="milliseconds")
        record = {"timestamp": now.replace("+00:00", "Z"), "event": event, **fields}
        # ASCII only: file names may hold bytes that are no UTF-8.
        line = json.dumps(record, separators=(",", ":")).encode() + b"\n"
        try:
            self._append(line)
            self.failed = None
        except OSError as error:
            if not self.failed:
                _logger.warning("events cannot be written to %s: %s", self._path, error)
            self.failed = error

    def close(self) -> None:
        """Close the file; a later event opens it again."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _append(self, line: bytes) -> None:
        descriptor, size = self._place_for(len(line))
        if os.write(descriptor, line) < len(line):
            # Half a line would spoil the next one too.
            os.ftruncate(descriptor, size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _place_for(self, length: int) -> tuple[int, int]:
        """Return a descriptor with room for so many bytes, and the file's size."""
        descriptor = self._opened()
        found = os.fstat(descriptor)
        if found.st_nlink and (not found.st_size or found.st_size + length <= self._max_bytes):
            return descriptor, found.st_size
        if found.st_nlink:  # else somebody has deleted it
            self._path.replace(self._path.with_name(self._path.name + ".1"))
        self.close()
        descriptor = self._opened()
        return descriptor, os.fstat(descriptor).st_size

    def _opened(self) -> int:
        if self._descriptor is None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
            self._descriptor = os.open(self._path, flags, 0o600)
        return self._descriptor
