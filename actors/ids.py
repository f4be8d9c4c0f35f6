"""Task ids: small integers that only grow, reserved on disk before they are given out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio

from ..transport.errors import StoreFull

BLOCK = 1000


class Ids:
    """Gives out ids of reserved blocks. Run :meth:`run` to have the next block in time."""

    def __init__(self, reserve: Callable[[int], Awaitable[int]]) -> None:
        self._reserve = reserve
        self._blocks: list[range] = []
        self._low = anyio.Event()

    async def fill(self) -> None:
        """Reserve one more block.

        :raises SignalpostError: the store cannot be written
        """
        first = await self._reserve(BLOCK)
        self._blocks.append(range(first, first + BLOCK))

    async def run(self) -> None:
        """Keep one block in reserve, until cancelled."""
        while True:
            while len(self._blocks) > 1:
                self._low = anyio.Event()
                await self._low.wait()
            await self.fill()

    def next(self) -> int:
        """Return a fresh id.

        :raises StoreFull: the last block is used up and no other could be reserved
        """
        if not self._blocks:
            raise StoreFull("no new task ids could be saved. Free disk space, then try again.")
        block = self._blocks[0]
        if len(block) == 1:
            self._blocks.pop(0)
            self._low.set()
        else:
            self._blocks[0] = block[1:]
        return block[0]
