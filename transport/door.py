"""Keeps libzmq from ever meeting the limit of open files.

An ipc listener of libzmq 4.3.5 aborts the whole process when accept() answers
EMFILE (ipc_listener.cpp leaves it out of the errors it allows). So the
endpoint is unbound while descriptors are scarce and bound again later. The
number of an accepted descriptor tells how many are open: the kernel gives out
the lowest that is free.
"""

from __future__ import annotations

import logging
import os
import resource
from collections.abc import Callable
from pathlib import Path

logger = logging.getLogger(__name__)

SPARE_FILES = 64
_OPEN_MAX = 10_240
"""What macOS takes where it says that there is no limit."""


class Door:
    """Open or shut, by the number of open files. Raises the soft limit to the hard one."""

    def __init__(self, bind: Callable[[], None], unbind: Callable[[], None]) -> None:
        self._bind = bind
        self._unbind = unbind
        self._limit = raise_file_limit()
        self._bind()
        self._open = True

    @property
    def shut_at(self) -> int:
        """From this many open files on nobody is let in."""
        return self._limit - max(SPARE_FILES, self._limit * 3 // 10)

    def accepted(self, descriptor: int) -> None:
        """A connection came in on ``descriptor``."""
        if self._open and descriptor >= self.shut_at:
            logger.warning("file descriptors run short: no new connections for now")
            self._unbind()
            self._open = False

    def ease(self) -> None:
        """Something was closed: open again if there is room for a few."""
        if not self._open and open_files() < self.shut_at - SPARE_FILES // 4:
            self._bind()
            self._open = True
            logger.warning("file descriptors suffice again: connections are taken")


def raise_file_limit() -> int:
    """Raise the soft limit of open files as far as it goes and return it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft = _OPEN_MAX if hard == resource.RLIM_INFINITY else hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return soft


def open_files() -> int:
    """Return how many descriptors this process has open."""
    folder = Path("/proc/self/fd")
    return len(os.listdir(folder if folder.exists() else "/dev/fd"))
