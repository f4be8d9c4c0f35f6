"""Watches how much memory the broker takes, and says when it is too much.

ZeroMQ takes a message whose frames never end into memory without a word: its
limits bound one frame, and count whole messages. So somebody looks:

    somebody connects, or it has grown much ──> after 0.25 s, 0.5 s, 1 s … then every 10 s
    nobody is connected                     ──> not at all
    it has grown by more than the limit     ──> say so: the last resort is a new process
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

import anyio

from ..transport.session import HEARTBEAT_SECONDS

_LOOKS = (0.25, 0.5, 1.0, 2.0, 4.0, HEARTBEAT_SECONDS)
"""Seconds between two looks while nothing happens; the last as often as every client stirs."""
_MUCH = 16
"""Growth by so small a part of the limit makes it look more often again."""


class MemoryGuard:
    """``limit`` is in bytes above the size at which :meth:`exceeded` began to look."""

    def __init__(self, limit: int, size: Callable[[], int]) -> None:
        self._limit = limit
        self._size = size
        self._connections = 0
        self._stir = anyio.Event()

    def note(self, connections: int) -> None:
        """So many are connected now."""
        if connections > self._connections:
            self._stir.set()
        self._connections = connections

    async def exceeded(self) -> int:
        """Return the bytes by which the process has grown once they are more than the limit."""
        first = last = self._size()
        looks = 0
        while (size := self._size()) - first <= self._limit:
            looks = 0 if size - last > self._limit / _MUCH else looks
            last = size
            looks = 0 if await self._stirred(looks) else looks + 1
        return size - first

    async def _stirred(self, looks: int) -> bool:
        """Wait until it is time to look again; True when that is because somebody came."""
        self._stir = anyio.Event()
        seconds = _LOOKS[min(looks, len(_LOOKS) - 1)] if self._connections else float("inf")
        with anyio.move_on_after(seconds):
            await self._stir.wait()
            return True
        return False


@contextmanager
def own_size() -> Generator[Callable[[], int], None, None]:
    """Give what tells the bytes of memory that this process takes.

    What it reads stays open: it must go on when descriptors have run out.

    :raises OSError: it cannot be opened
    """
    if sys.platform != "linux":
        import psutil

        process = psutil.Process()
        yield lambda: int(process.memory_info().rss)
        return
    statm = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
    page = os.sysconf("SC_PAGESIZE")
    try:
        yield lambda: int(os.pread(statm, 100, 0).split()[1]) * page
    finally:
        os.close(statm)
