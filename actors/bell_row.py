"""A doorbell and a ring as they are kept in the store. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from ..transport.letters import Ring, RingOutcome, Way
from .bell_effects import Rung
from .doorbell import Doorbell
from .moment import Moment


class BellRow(msgspec.Struct, frozen=True, kw_only=True):
    """How a doorbell is set, and how far its agent was told."""

    agent_id: int
    is_on: bool
    every_seconds: float
    cursor: int
    noticed: int


class RingRow(msgspec.Struct, frozen=True, kw_only=True):
    """One ring."""

    id: int
    agent_id: int
    cursor: int
    way: Way
    outcome: RingOutcome
    at: float
    detail: str
    request_id: bytes
    """Of the request that it answered; empty: of none, or whoever waited has said goodbye since."""


def row_of_bell(agent_id: int, bell: Doorbell) -> BellRow:
    """Return what is kept of a doorbell. Who waits at it never is."""
    return BellRow(
        agent_id=agent_id,
        is_on=bell.on,
        every_seconds=bell.every,
        cursor=bell.cursor,
        noticed=bell.noticed,
    )


def row_of_ring(agent_id: int, rung: Rung) -> RingRow:
    """Return what is kept of a ring."""
    ring = rung.ring
    return RingRow(
        id=rung.number,
        agent_id=agent_id,
        cursor=ring.cursor,
        way=ring.way,
        outcome=ring.outcome,
        at=ring.at,
        detail=ring.detail,
        request_id=rung.correlation,
    )


def bell_of(
    row: BellRow, rings: Iterable[RingRow], numbers: Callable[[], int], now: Moment
) -> Doorbell:
    """Return a doorbell of an earlier broker life with its rings, the oldest first."""
    bell = Doorbell(
        numbers,
        on=row.is_on,
        every=row.every_seconds,
        cursor=row.cursor,
        noticed=row.noticed,
    )
    bell.restore([_rung_of(ring) for ring in rings], now)
    return bell


def _rung_of(row: RingRow) -> Rung:
    ring = Ring(at=row.at, way=row.way, outcome=row.outcome, cursor=row.cursor, detail=row.detail)
    return Rung(row.id, ring, row.request_id)
