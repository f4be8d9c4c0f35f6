"""A sign of life from a command: nobody has to look again and again."""

from __future__ import annotations

import os
from pathlib import Path

import anyio
import anyio.to_thread


class Beat:
    """A fifo in which a command says that it is ready."""

    def __init__(self, folder: Path) -> None:
        os.mkfifo(folder / "beat")
        self._fd = os.open(folder / "beat", os.O_RDWR)

    async def line(self) -> str:
        with anyio.fail_after(10):
            return (await anyio.to_thread.run_sync(os.read, self._fd, 100)).decode().strip()
