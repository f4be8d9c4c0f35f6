"""Whether those told the agent whom an earlier broker has rung: nobody knows at first. Pure.

rung, and nothing was heard of it since ── the next broker ──> in doubt
in doubt ── whoever was rung says what became of it, or gives it up ──> known
         ── waits on, for what is newer ──> it told, while that session lives
         ── has not come back in time ──> it told nothing: somebody else may tell
"""

from __future__ import annotations

from collections.abc import Sequence

RETURN_SECONDS = 5.0
"""So long a broker waits for whoever was rung by the one before."""


class Doubt:
    """The rings in doubt, by the request that each answered."""

    def __init__(self) -> None:
        self._requests: list[bytes] = []
        self._until = 0.0

    def begin(self, requests: Sequence[bytes], now: float) -> None:
        """Doubt, until whoever was rung has had time to come back."""
        self._requests, self._until = [*requests], now + RETURN_SECONDS

    def end(self, request: bytes) -> bool:
        """It is known what became of a ring, or who sees to that; return whether it was in doubt."""
        was = request in self._requests
        if was:
            self._requests.remove(request)
        return was

    def take_due(self, now: float) -> list[bytes]:
        """Return the requests of those who have not come back in time. Each is returned once."""
        if now < self._until:
            return []
        due, self._requests = self._requests, []
        return due

    def next_deadline(self) -> float | None:
        """When :meth:`take_due` next returns something, on the monotonic clock."""
        return self._until if self._requests else None

    def shift(self, gap: float) -> None:
        """The broker was stopped for so long: that was nobody's time."""
        self._until += gap

    def absorb(self, other: Doubt) -> None:
        """Take over what is in doubt at a bell whose rings have come here."""
        self._requests += other._requests
        self._until = max(self._until, other._until)
