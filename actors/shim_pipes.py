"""A command's two output pipes, read in the order in which they were written.

On Linux :mod:`shim_lanes` does that; elsewhere plain pipes are read as they
become ready, and the order between the two is only about right.

The shim keeps the writing ends: the end of a task is the end of its processes,
never that of a pipe, and the kept end lets it rule what flags the pipe has.

Standard library only: this module runs inside the shim.
"""

from __future__ import annotations

import os
import sys
from typing import Protocol

from . import shim_lanes
from .shim_lanes import STDERR, STDOUT, Piece

__all__ = ["STDERR", "STDOUT", "Piece", "Pipes", "PlainPipes", "drain", "open_pipes"]

_READ = 64 * 1024


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
            return shim_lanes.OrderedPipes()
        except OSError:
            # A kernel without packet pipes, or no /proc; out of descriptors fails again below.
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


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, _READ)
    except BlockingIOError:
        return b""
