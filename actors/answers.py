"""Answers already given, so that a request sent again takes effect once. Pure."""

from __future__ import annotations

from collections import OrderedDict

MAX_BYTES = 16 * 1024 * 1024
MAX_ANSWERS = 100_000
MAX_AGE_SECONDS = 24 * 3600.0


class Answers:
    """Encoded answers by correlation; the oldest go first when there are too many."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, tuple[float, bytes]] = OrderedDict()
        self._bytes = 0

    def keep(self, correlation: bytes, payload: bytes, now: float) -> None:
        """Remember an answer; ``now`` is monotonic seconds."""
        if correlation in self._kept:
            self._drop(correlation)
        self._kept[correlation] = (now, payload)
        self._bytes += len(payload)
        while self._too_many(now):
            self._drop(next(iter(self._kept)))

    def get(self, correlation: bytes) -> bytes | None:
        """Return the answer once given under ``correlation``."""
        kept = self._kept.get(correlation)
        return kept[1] if kept is not None else None

    def _too_many(self, now: float) -> bool:
        if not self._kept:
            return False
        oldest, _ = next(iter(self._kept.values()))
        return (
            self._bytes > MAX_BYTES
            or len(self._kept) > MAX_ANSWERS
            or now - oldest > MAX_AGE_SECONDS
        )

    def _drop(self, correlation: bytes) -> None:
        kept = self._kept.pop(correlation, None)
        if kept is not None:
            self._bytes -= len(kept[1])
