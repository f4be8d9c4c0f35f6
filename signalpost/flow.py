"""Bytes on their way from one descriptor to another: all of them, in order, at the reader's pace."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable

_CHUNK = 64 * 1024
_FULL = 256 * 1024
_ENDED = (errno.EIO, errno.EPIPE, errno.ECONNRESET)


class Flow:
    """Copies ``source`` to ``sink``, and writes what is put in beside it.

    :param seen: gets every piece that is passed on, before it is
    :param ended: is called once when the source has no more
    """

    def __init__(
        self, source: int, sink: int, seen: Callable[[bytes], object], ended: Callable[[], object]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._source, self._sink = source, sink
        self._seen = seen
        self._ended = ended
        self._waiting = bytearray()
        self._reading = False
        self._writing = False
        self._is_file = False
        self._over = False
        self._closed = False
        self._emptied = asyncio.Event()
        self._emptied.set()

    def open(self) -> None:
        """Begin."""
        self._read_on()

    def put(self, data: bytes) -> None:
        """Write ``data`` behind what is on its way already; nothing happens once it is closed."""
        if not self._closed:
            self._waiting += data
            self._write()

    async def drained(self) -> None:
        """Return when all is written."""
        await self._emptied.wait()

    def rest(self) -> None:
        """Read what the source holds still, at its end, whoever waits for it."""
        while not self._over and self._read():
            pass

    def close(self) -> None:
        """Stop, and leave what is not written: the descriptors are not touched any more."""
        self._closed = self._over = True
        self._stop_reading()
        if self._writing:
            self._loop.remove_writer(self._sink)
            self._writing = False

    # ------------------------------------------------------------ inside

    def _read_on(self) -> None:
        if self._reading or self._over:
            return
        self._reading = True
        try:
            self._loop.add_reader(self._source, self._read)
        except PermissionError:  # a plain file: always readable, and cannot be waited for
            self._is_file = True
            self._loop.call_soon(self._read_file)

    def _read_file(self) -> None:
        if self._reading and self._read() and self._reading:
            self._loop.call_soon(self._read_file)

    def _read(self) -> bool:
        try:
            data = os.read(self._source, _CHUNK)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno not in _ENDED:
                raise
            data = b""
        if not data:
            self._over = True
            self._stop_reading()
            self._ended()
            return False
        self._seen(data)
        self.put(data)
        if len(self._waiting) > _FULL:
            self._stop_reading()
        return True

    def _stop_reading(self) -> None:
        if self._reading and not self._is_file:
            self._loop.remove_reader(self._source)
        self._reading = False

    def _write(self) -> None:
        try:
            while self._waiting:
                written = os.write(self._sink, self._waiting[:_CHUNK])
                del self._waiting[:written]
        except BlockingIOError:
            self._wait_to_write()
            return
        except OSError as error:
            if error.errno not in _ENDED:
                raise
            self._waiting.clear()  # nobody is there to read it
        self._emptied.set()
        if self._writing:
            self._loop.remove_writer(self._sink)
            self._writing = False
        self._read_on()

    def _wait_to_write(self) -> None:
        self._emptied.clear()
        if not self._writing:
            self._writing = True
            self._loop.add_writer(self._sink, self._write)
