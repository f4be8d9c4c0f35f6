"""A pipe with a name between a test and a command: nobody has to look again and again."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import anyio


class Fifo:
    """Open at both ends from the start, so that no command waits for the test to open it."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self._fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self._seen = b""

    def __str__(self) -> str:
        return str(self.path)

    async def line(self, seconds: float = 20) -> str:
        """Return the next line that a command has written."""
        with anyio.fail_after(seconds):
            while b"\n" not in self._seen:
                await anyio.wait_readable(self._fd)
                self._seen += os.read(self._fd, 65536)
        line, _, self._seen = self._seen.partition(b"\n")
        return line.decode()

    async def pid(self) -> int:
        return int(await self.line())

    def lines_so_far(self) -> list[str]:
        """Return what was written and not taken yet."""
        with contextlib.suppress(BlockingIOError):
            self._seen += os.read(self._fd, 65536)
        lines, self._seen = self._seen.decode().splitlines(), b""
        return lines

    def open(self, times: int = 1) -> None:
        """Let so many commands pass that do ``read _ <fifo``."""
        os.write(self._fd, b"\n" * times)

    def close(self) -> None:
        os.close(self._fd)
