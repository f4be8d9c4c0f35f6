"""What the rules of a doorbell know of who waits and was rung, and ask to be done. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ..transport.letters import Ring, Way


@dataclass(slots=True, eq=False)
class Waiter:
    """An open request that waits for the bell. ``deadline`` is of the monotonic clock."""

    correlation: bytes
    session: bytes
    way: Way
    after: int = 0
    """Only what is newer than this cursor is news for it."""
    deadline: float | None = None


@dataclass(slots=True, eq=False)
class Rung:
    """One ring, under a number for life, and the request that it answered."""

    number: int
    ring: Ring
    correlation: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer who waits. ``noticed`` is what it was before; ``rung``: None, its time is over."""

    waiter: Waiter
    noticed: int
    rung: Rung | None


@dataclass(frozen=True, slots=True)
class Save:
    """Persist the bell as it is now: how it is set, its cursor, and what was noticed."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Persist a ring as it is now."""

    rung: Rung


@dataclass(frozen=True, slots=True)
class Drop:
    """Forget the ring of this number."""

    number: int


Effect = Answer | Save | Keep | Drop
