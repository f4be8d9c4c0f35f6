"""Doorbells and rings in the store. Nothing here waits for the disk but what is ``async``."""

from __future__ import annotations

from . import bell_schema as schema
from .bell_row import BellRow, RingRow
from .committer import Committer


class BellStore:
    """Keeps how doorbells are set, how far agents were told, and the newest rings."""

    def __init__(self, committer: Committer) -> None:
        self._committer = committer

    def put_bell(self, row: BellRow) -> None:
        """Queue the newest state of a doorbell."""
        self._committer.put(("bell", row.agent_id), schema.PUT_BELL, row)

    def forget_bell(self, agent_id: int) -> None:
        """Queue the removal of a doorbell."""
        self._committer.put(("bell", agent_id), schema.FORGET_BELL, agent_id)

    def put_ring(self, row: RingRow) -> None:
        """Queue a ring, or what became of it."""
        self._committer.put(("ring", row.id), schema.PUT_RING, row)

    def forget_ring(self, number: int) -> None:
        """Queue the removal of a ring."""
        self._committer.put(("ring", number), schema.FORGET_RING, number)

    async def bells(self) -> list[BellRow]:
        """Return every doorbell that was ever used."""
        return await self._committer.ask(
            lambda c: [schema.bell_of_record(r) for r in c.execute(schema.SELECT_BELLS)]
        )

    async def rings(self) -> list[RingRow]:
        """Return every ring that is kept, the oldest first."""
        return await self._committer.ask(
            lambda c: [schema.ring_of_record(r) for r in c.execute(schema.SELECT_RINGS)]
        )

    async def prune(self, before: float) -> None:
        """Delete the rings of before a Unix time."""
        await self._committer.ask(
            lambda c: c.execute(schema.PRUNE_RINGS, (before,)).rowcount, writes=True
        )
