"""Mail as it comes, one message after another.

    async with client.inbox() as inbox:
        async for message in inbox:
            ...

A message is acknowledged when the next one is asked for. The one at hand when
the loop is left is settled as the block ends: acknowledged if that ends well,
else returned. A loop without a block cannot know how it was left, so it
returns that one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Self

from .leases import Hold, Leases
from .letters import Delivery
from .received import Received


class Incoming:
    """One agent's mail. Each loop over it gets messages of its own."""

    def __init__(
        self,
        take: Callable[[], Awaitable[Delivery | None]],
        shown: Callable[[Delivery], Received],
        leases: Leases,
    ) -> None:
        self._take = take
        self._shown = shown
        self._leases = leases
        self._at_hand: dict[Hold, None] = {}
        """In the order in which they came."""
        self._in_block = False

    async def __aenter__(self) -> Self:
        self._in_block = True
        return self

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> None:
        at_hand, self._at_hand = list(self._at_hand), {}
        if error is None:
            await self._leases.acknowledge(at_hand)
        else:
            await self._leases.give_back(at_hand, error)

    async def __aiter__(self) -> AsyncIterator[Received]:
        """Wait for messages without end, or until the agent is removed."""
        while (delivery := await self._take()) is not None:
            hold = self._leases.hold(delivery)
            self._at_hand[hold] = None
            try:
                yield self._shown(delivery)
            except GeneratorExit as left:
                if not self._in_block:
                    await self._leases.give_back([hold], left)
                raise
            self._at_hand.pop(hold, None)
            self._leases.acknowledge_soon(hold)
