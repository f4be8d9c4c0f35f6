"""Being told when another process ends. Nothing polls."""

from __future__ import annotations

import asyncio
import os
import select
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol


class Watch(Protocol):
    """Tells of the end of a process, until it is closed."""

    def close(self) -> None:
        """Stop watching. Harmless when called again."""
        ...


class Lifeline:
    """Calls ``on_death`` once, in the event loop, when the process ends.

    ``watching`` is False where that cannot be known: a pid of another
    namespace, or one that is gone already.
    """

    def __init__(self, pid: int, on_death: Callable[[], None]) -> None:
        self._on_death = on_death
        self._loop = asyncio.get_running_loop()
        self._fd = _death_fd(pid)
        if self._fd is not None:
            self._loop.add_reader(self._fd, self._died)

    @property
    def watching(self) -> bool:
        return self._fd is not None

    def _died(self) -> None:
        self.close()
        self._on_death()

    def close(self) -> None:
        """Stop watching. Harmless when called again."""
        if self._fd is not None:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = None


def _death_fd(pid: int) -> int | None:
    """Return a descriptor that becomes readable when ``pid`` ends."""
    if pid <= 0:
        return None
    if sys.platform == "linux":
        with suppress(OSError):
            return os.pidfd_open(pid)
    if sys.platform == "darwin":
        return _kqueue_fd(pid)
    return None


if sys.platform == "darwin":

    def _kqueue_fd(pid: int) -> int | None:
        queue = select.kqueue()
        flags = select.KQ_EV_ADD | select.KQ_EV_ONESHOT
        event = select.kevent(pid, select.KQ_FILTER_PROC, flags, select.KQ_NOTE_EXIT)
        try:
            queue.control([event], 0)
        except OSError:
            return None
        return os.dup(queue.fileno())
