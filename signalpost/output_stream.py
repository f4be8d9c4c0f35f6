"""The output of a running task as it comes, over a unix socket of our own.

    shim ── connect ──> OutputStream
         ── tag (1) | length (4, big-endian) | bytes ──> …
         ── end of file: everything has been said

Tags: ``1`` standard output, ``2`` standard error, ``@`` how much of the log
file there was when a follower came. A reader that does not keep up slows the
command as a pipe would. Everything here blocks: it runs in a worker thread.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .transport import endpoint

if TYPE_CHECKING:
    from .transport.client import Client

STDOUT = b"1"
STDERR = b"2"
LOG_SIZE = b"@"
MAX_PATH = 100
"""Bytes of a socket's path that every kernel takes."""

_PART = 256 * 1024
_Read = Callable[[int], bytes]


class OutputStream:
    """A listening socket that takes one connection, made by a shim.

    :param folder: where the broker's socket is: private, and seen by the shim
    """

    def __init__(self, folder: Path) -> None:
        self._scratch = ""
        self.path = self._choose(folder)
        self.connected = False
        """Whether the shim came: the command has been started."""
        self._wake, self._waker = socket.socketpair()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(self.path)
        os.chmod(self.path, 0o600)
        self._listener.listen(1)
        self._connection: socket.socket | None = None

    def frames(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield ``(tag, bytes)`` until the shim has said everything, or never comes."""
        if not self._someone_came():
            return
        self._connection = connection = self._listener.accept()[0]
        self.connected = True
        with connection, connection.makefile("rb", buffering=_PART) as reader:
            while len(head := reader.read(5)) == 5:
                yield from _payload(reader.read, head[:1], int.from_bytes(head[1:], "big"))

    def nobody_comes(self) -> None:
        """Say that the task is over: who has not connected yet will not."""
        self._waker.close()

    def close(self) -> None:
        """Let go of the socket and its name."""
        self._waker.close()
        if self._connection is not None:
            with contextlib.suppress(OSError):  # the shim has closed it already
                self._connection.shutdown(socket.SHUT_RDWR)
        self._wake.close()
        self._listener.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        if self._scratch:
            shutil.rmtree(self._scratch)

    def _someone_came(self) -> bool:
        """Wait for the shim; one that came before the task's end was told still counts."""
        ready, _, _ = select.select([self._listener, self._wake], [], [])
        if self._listener in ready:
            return True
        ready, _, _ = select.select([self._listener], [], [], 0)
        return bool(ready)

    def _choose(self, folder: Path) -> str:
        name = f"out-{secrets.token_hex(4)}.sock"
        if len(os.fsencode(folder / name)) <= MAX_PATH:
            return str(folder / name)
        # Predictable names in /tmp can be prepared by others; mkdtemp's are random and 0700.
        self._scratch = tempfile.mkdtemp(prefix="signalpost-", dir="/tmp")
        return os.path.join(self._scratch, name)


async def broker_folder(client: Client) -> Path:
    """Return the folder of the broker's socket: private, and every shim reaches it."""
    await client.ping()
    published = client.published
    if published is None:
        return endpoint.run_dir(client.data_dir)
    return Path(published.endpoint.removeprefix("ipc://")).parent


def write_all(fd: int, data: bytes) -> None:
    """Write ``data``, waiting as long as the reader needs.

    :raises BrokenPipeError: nobody reads any more
    """
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(fd, rest) :]
        except BlockingIOError:  # somebody made our standard output non-blocking
            select.select([], [fd], [])


def _payload(read: _Read, tag: bytes, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield a frame in parts, so that a large one needs no large memory."""
    while size > 0 and (part := read(min(size, _PART))):
        size -= len(part)
        yield tag, part
