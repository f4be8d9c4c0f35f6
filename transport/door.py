"""Lets newcomers in by the handful, so that ZeroMQ never meets the limit of open files.

An ipc listener of libzmq 4.3.5 aborts the whole process when accept() answers
EMFILE (ipc_listener.cpp leaves it out of the errors it allows), and it accepts
faster than anybody could shut it. So it is only ever given listening sockets
that nobody can reach any more:

    path ──> a listening socket of ours: newcomers wait in the kernel's queue
                 │ somebody waits, and there is room for all that fit into the queue
                 v
    a fresh one takes over the path; ZeroMQ accepts what the old one, a batch, holds
                 │ nothing waits in it any more: the next may follow
                 v
    all who came with it are gone: it is closed, which would have cut them off
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import resource
import select
import socket
from collections.abc import Callable
from pathlib import Path

logger = logging.getLogger(__name__)

SPARE_FILES = 64
QUEUE = 32
"""How many newcomers the kernel lets wait; the others come again."""
_HANDFUL = QUEUE + 4
"""What one batch may add to the open files, the next listening socket included."""
_AGAIN_SECONDS = 0.5
_OPEN_MAX = 10_240
"""What macOS takes where it says that there is no limit."""


class Door:
    """The entrance at ``path``. Raises the soft limit of open files to the hard one.

    ``admit`` gets a listening socket, which it owns, and the address to accept
    under; ``dismiss`` gets that address when nobody needs it any more, and
    ``connected`` the number of connections whenever that changes.

    :raises OSError: the path cannot be bound
    """

    def __init__(
        self,
        path: str,
        admit: Callable[[int, str], None],
        dismiss: Callable[[str], None],
        connected: Callable[[int], object] = int,
    ) -> None:
        self._path = path
        self._admit = admit
        self._dismiss = dismiss
        self._connected = connected
        self._shut_at = shut_at(raise_file_limit())
        self._loop = asyncio.get_running_loop()
        self._count = 0
        self._entering: socket.socket | None = None
        self._batches: set[str] = set()
        self._came_by: dict[int, str] = {}
        self._short = False
        self._later: asyncio.TimerHandle | None = None
        self._place: os.stat_result
        self._waiting = self._listen()
        self.ease()

    def accepted(self, descriptor: int, address: str) -> None:
        """A connection came in."""
        self._came_by[descriptor] = address
        self._connected(len(self._came_by))

    def closed(self, descriptor: int) -> None:
        """A connection is gone."""
        self._came_by.pop(descriptor, None)
        self._connected(len(self._came_by))

    def ease(self) -> None:
        """Something was accepted or closed: go on unless a batch still enters."""
        if self._entering is not None and not _is_readable(self._entering):
            self._entering.close()
            self._entering = None
        if self._entering is None:
            self._loop.add_reader(self._waiting, self._knock)

    @property
    def lost(self) -> bool:
        """Whether the path does not lead here any more: somebody removed it."""
        try:
            return not os.path.samestat(os.lstat(self._path), self._place)
        except OSError:
            return True

    def reopen(self) -> None:
        """Take the path again. Who waits at what it led to before comes again.

        :raises OSError: it cannot be bound
        """
        following = self._listen()
        self._loop.remove_reader(self._waiting)
        self._waiting.close()
        self._waiting = following
        self.ease()

    def close(self) -> None:
        """Let nobody in any more."""
        if self._later is not None:
            self._later.cancel()
        self._loop.remove_reader(self._waiting)
        self._waiting.close()
        if self._entering is not None:
            self._entering.close()
        Path(self._path).unlink(missing_ok=True)

    def _knock(self) -> None:
        """Somebody waits. Who cannot be let in now is looked after when something is closed.

        And after a while: not everything that frees a descriptor tells us.
        """
        self._loop.remove_reader(self._waiting)
        # Not as soon as one is empty: its last newcomer may not be reported yet.
        for address in self._batches.difference(self._came_by.values()):
            self._batches.discard(address)
            self._dismiss(address)
        if not (self._has_room() and self._let_in()) and self._later is None:
            self._later = self._loop.call_later(_AGAIN_SECONDS, self._look_again)

    def _look_again(self) -> None:
        self._later = None
        self.ease()

    def _let_in(self) -> bool:
        address = _address(self._waiting)
        try:
            following = self._listen()
        except OSError as error:
            logger.error("no new connections: %s: %s", self._path, error.strerror)  # noqa: TRY400
            return False
        self._entering, self._waiting = self._waiting, following
        self._batches.add(address)
        self._admit(os.dup(self._entering.fileno()), address)
        return True

    def _has_room(self) -> bool:
        try:
            short = open_files() + _HANDFUL > self._shut_at
        except OSError:  # not even one to count them with
            short = True
        if short != self._short:
            self._short = short
            how = "run short: no new" if short else "suffice again for"
            logger.warning("file descriptors %s connections", how)
        return not short

    def _listen(self) -> socket.socket:
        """Return a socket that listens at the path in place of the one before."""
        self._count += 1
        scratch = Path(f"{self._path.removesuffix('.sock')}~{self._count}.sock")
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = os.umask(0o077)
        try:
            listening.bind(str(scratch))
            listening.listen(QUEUE)
            place = os.lstat(scratch)
            scratch.replace(self._path)
        except OSError:
            listening.close()
            scratch.unlink(missing_ok=True)
            raise
        finally:
            os.umask(mask)
        listening.setblocking(False)
        self._place = place
        return listening


def shut_at(limit: int) -> int:
    """Return from how many open files on nobody is let in: the rest is for tasks and files."""
    return limit - max(SPARE_FILES, limit * 3 // 10)


def _address(listening: socket.socket) -> str:
    return f"ipc://{listening.getsockname()}"


def _is_readable(one: socket.socket) -> bool:
    poll = select.poll()
    poll.register(one, select.POLLIN)
    return bool(poll.poll(0))


def raise_file_limit() -> int:
    """Raise the soft limit of open files as far as it goes and return it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft = _OPEN_MAX if hard == resource.RLIM_INFINITY else hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return soft


def open_files() -> int:
    """Return how many descriptors this process has open: its limit, when none is left to look."""
    folder = Path("/proc/self/fd")
    try:
        return len(os.listdir(folder if folder.exists() else "/dev/fd"))
    except OSError as error:
        if error.errno != errno.EMFILE:
            raise
        return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
