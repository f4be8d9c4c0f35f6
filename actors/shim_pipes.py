"""A command's two output pipes, read in the order in which they were written.

On Linux each pipe holds one packet: a second write waits until the first was
read, so the order in which epoll reports the pipes is the order of the writes.
A stream that floods gets a wide pipe until the other one speaks; order is then
kept as well as any pair of pipes can. Elsewhere plain pipes are read as they
become ready.

The shim keeps the writing ends: the end of a task is the end of its processes,
never that of a pipe, and the kept end shows what flags the command has set.

Standard library only: this module runs inside the shim.
"""

from __future__ import annotations

import fcntl
import os
import select
import sys
from typing import Protocol

STDOUT = b"1"
STDERR = b"2"

Piece = tuple[bytes, bytes]
"""Which stream, and what it said."""

_READ = 64 * 1024
_BUDGET = 256 * 1024
"""Bytes of one pump: small enough that a flood never delays a kill."""
_NARROW = 4096
_WIDE = 1024 * 1024
_FLOOD = 32
"""So many packets in a row from one stream are a flood."""


class Pipes(Protocol):
    """What the shim needs of its pipes."""

    def writers(self) -> tuple[int, int]:
        """Return the ends for the command's stdout and stderr."""
        ...

    def watch(self) -> list[int]:
        """Return the descriptors that become readable when there is output."""
        ...

    def pump(self, fd: int) -> list[Piece]:
        """Take a bounded amount of output after ``fd`` became readable; nothing: no more."""
        ...


def open_pipes() -> Pipes:
    """Open the best pair of pipes that this system has.

    :raises OSError: out of descriptors
    """
    if sys.platform == "linux":
        try:
            return OrderedPipes()
        except OSError:
            # A kernel without packet pipes; out of descriptors fails again below.
            return PlainPipes()
    return PlainPipes()


def drain(pipes: Pipes, most: int) -> list[Piece]:
    """Take what is in the pipes now, at most about ``most`` bytes."""
    found: list[Piece] = []
    for fd in pipes.watch():
        left = most
        while left > 0 and (pieces := pipes.pump(fd)):
            found += pieces
            left -= sum(len(data) for _, data in pieces)
    return found


class PlainPipes:
    """Two ordinary pipes; the order between them is only about right."""

    def __init__(self) -> None:
        self._ends = [os.pipe(), os.pipe()]
        self._tags = {self._ends[0][0]: STDOUT, self._ends[1][0]: STDERR}
        for reader in self._tags:
            os.set_blocking(reader, False)

    def writers(self) -> tuple[int, int]:
        return self._ends[0][1], self._ends[1][1]

    def watch(self) -> list[int]:
        return list(self._tags)

    def pump(self, fd: int) -> list[Piece]:
        data = _read(fd)
        return [(self._tags[fd], data)] if data else []


if sys.platform == "linux":

    class _Lane:
        """One packet pipe."""

        def __init__(self, tag: bytes) -> None:
            self.tag = tag
            self.reader, self.writer = os.pipe2(os.O_CLOEXEC | os.O_DIRECT)
            self.wide = False
            self.streak = 0
            os.set_blocking(self.reader, False)
            fcntl.fcntl(self.writer, fcntl.F_SETPIPE_SZ, _NARROW)

        def pinned(self) -> bool:
            """Whether a writer would sooner fail than wait: then order gives way to content."""
            return bool(fcntl.fcntl(self.writer, fcntl.F_GETFL) & os.O_NONBLOCK)

        def resize(self, size: int) -> None:
            """Widen or narrow the pipe; it stays as it is while the kernel forbids it."""
            try:
                self.wide = fcntl.fcntl(self.writer, fcntl.F_SETPIPE_SZ, size) > _NARROW
            except OSError:
                return

    class OrderedPipes:
        """Two packet pipes under one edge-triggered epoll, taken one event at a time."""

        def __init__(self) -> None:
            self._epoll = select.epoll()
            self._lanes = [_Lane(STDOUT), _Lane(STDERR)]
            self._by_fd = {lane.reader: lane for lane in self._lanes}
            for lane in self._lanes:
                self._epoll.register(lane.reader, select.EPOLLIN | select.EPOLLET)

        def writers(self) -> tuple[int, int]:
            return self._lanes[0].writer, self._lanes[1].writer

        def watch(self) -> list[int]:
            return [self._epoll.fileno()]

        def pump(self, fd: int) -> list[Piece]:
            pieces: list[Piece] = []
            left = _BUDGET
            while left > 0 and (events := self._epoll.poll(0, 1)):
                lane = self._by_fd[events[0][0]]
                self._notice(lane)
                data = self._take(lane, left)
                left -= max(len(data), 1)
                if data:
                    pieces.append((lane.tag, data))
            return pieces

        def _notice(self, lane: _Lane) -> None:
            lane.streak += 1
            for other in self._lanes:
                if other is not lane:
                    other.streak = 0
                    if other.wide and not other.pinned():
                        other.resize(_NARROW)
            if not lane.wide and (lane.streak > _FLOOD or lane.pinned()):
                lane.resize(_WIDE)

        def _take(self, lane: _Lane, most: int) -> bytes:
            if not lane.wide:
                return _read(lane.reader)
            parts: list[bytes] = []
            while most > 0 and (data := _read(lane.reader)):
                parts.append(data)
                most -= len(data)
            if len(parts) == 1 and not lane.pinned():
                # The writer is no faster than we are: the flood is over.
                lane.resize(_NARROW)
                lane.streak = 0
            if most <= 0:
                # The edge is spent and there may be more: make a new one.
                self._epoll.modify(lane.reader, select.EPOLLIN | select.EPOLLET)
            return b"".join(parts)


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, _READ)
    except BlockingIOError:
        return b""
