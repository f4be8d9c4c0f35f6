"""A task's log: the head of its output as it comes, the tail at the end, the middle cut.

    header | head_bytes of output | "--- N bytes cut ---" | tail_bytes of output | summary

Standard library only: this module runs inside the shim.
"""

from __future__ import annotations

import os
from contextlib import suppress


class Ring:
    """The last ``size`` bytes of what was written, in memory of just that size."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.written = 0
        self._buffer = bytearray()

    def write(self, data: bytes) -> None:
        """Append ``data`` and forget what no longer fits."""
        if not self._buffer:
            self._buffer = bytearray(self.size)
        at = (self.written + max(0, len(data) - self.size)) % self.size if self.size else 0
        self.written += len(data)
        kept = data[-self.size :] if self.size else b""
        first = kept[: self.size - at]
        self._buffer[at : at + len(first)] = first
        self._buffer[: len(kept) - len(first)] = kept[len(first) :]

    def content(self) -> bytes:
        """Return what is kept, oldest first."""
        if self.written <= self.size:
            return bytes(self._buffer[: self.written])
        at = self.written % self.size if self.size else 0
        return bytes(self._buffer[at:] + self._buffer[:at])


class CappedLog:
    """The log file. A fault of the disk ends the logging, never the task.

    ``error`` says why logging ended, ``size`` is the file's size in bytes.
    """

    def __init__(self, *, head_bytes: int, tail_bytes: int) -> None:
        self.error = ""
        self.size = 0
        self._head = head_bytes
        self._tail = Ring(tail_bytes)
        self._fd = -1

    def open(self, path: str, header: bytes) -> None:
        """Create the file. Before anything is written."""
        try:
            self._fd = _create(path)
        except OSError as error:
            self.error = f"no log at {path}: {error.strerror}"
        self._append(header)

    @property
    def cut_bytes(self) -> int:
        """How much of the output so far is in neither head nor tail."""
        return max(0, self._tail.written - self._tail.size)

    def write(self, data: bytes) -> None:
        """Log a piece of output."""
        head = data[: self._head]
        self._head -= len(head)
        if head:
            self._append(head)
        if len(head) < len(data):
            self._tail.write(data[len(head) :])

    def finish(self, summary: bytes) -> None:
        """Write the tail and the summary. Nothing may be written afterwards."""
        if self.cut_bytes:
            self._append(b"\n--- %d bytes cut ---\n" % self.cut_bytes)
        self._append(self._tail.content())
        self._append(summary)

    def _append(self, data: bytes) -> None:
        rest = memoryview(data)
        try:
            while rest and not self.error:
                done = os.write(self._fd, rest)
                self.size += done
                rest = rest[done:]
        except OSError as error:
            self.error = f"log cut short: {error.strerror}"


def _create(path: str) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:
        # Somebody has tidied up: the folder is made anew, by whoever is first.
        with suppress(FileExistsError):
            os.mkdir(os.path.dirname(path), 0o700)
        return os.open(path, flags, 0o600)
