"""Where the lines to the MCP client go: at once where that cannot block, else by a thread."""

from __future__ import annotations

import os
import select
import socket
import stat
from collections.abc import Callable
from functools import partial

import anyio.to_thread

Send = Callable[[bytes], int]
"""Writes as much as is taken without waiting, and tells how much that was."""


class Outlet:
    """One descriptor that stays open; the thread may be left behind when its reader is stuck."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._send = _send_at_once(fd)

    def begin(self, line: bytes) -> bytes:
        """Write what is taken without waiting, and return the rest.

        :raises OSError: nobody reads any more
        """
        return line[self._send(line) :]

    async def write(self, line: bytes) -> None:
        """Write all of it.

        :raises OSError: nobody reads any more
        """
        if rest := self.begin(line):
            await anyio.to_thread.run_sync(partial(self._write, rest), abandon_on_cancel=True)

    def _write(self, rest: bytes) -> None:
        room = _room(self._fd)
        while rest:
            room.poll()  # a client may have made its pipes non-blocking, and then write would raise
            rest = rest[_written(self._fd, rest) :]


def _send_at_once(fd: int) -> Send:
    mode = os.fstat(fd).st_mode
    if stat.S_ISFIFO(mode):
        return partial(_send_to_pipe, fd)
    if stat.S_ISSOCK(mode):
        return partial(_send_to_socket, fd)
    return _send_nothing


def _send_to_pipe(fd: int, line: bytes) -> int:
    # Of up to PIPE_BUF bytes a pipe that is writable takes all (POSIX, write).
    if len(line) <= select.PIPE_BUF and _room(fd).poll(0):
        return _written(fd, line)
    return 0


def _written(fd: int, data: bytes) -> int:
    try:
        return os.write(fd, data)
    except BlockingIOError:  # whoever shares the pipe was faster: stderr may be the same one
        return 0


def _room(fd: int) -> select.poll:
    room = select.poll()
    room.register(fd, select.POLLOUT)
    return room


def _send_to_socket(fd: int, line: bytes) -> int:
    client = socket.socket(fileno=fd)
    try:
        return client.send(line, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return 0
    finally:
        client.detach()


def _send_nothing(_line: bytes) -> int:
    return 0
