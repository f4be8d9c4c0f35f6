"""When a client shows life, and when its broker shows none. Pure: the time is passed in.

Who waits is woken by every beat and by its answer. So a beat rides on a push,
which has woken the client anyway and shows that the broker lives: that beat
wants no answer.
"""

from __future__ import annotations

RIDING = 1 / 16
"""A push takes a beat along when so much of the interval is over: from then on each one does."""


class Heart:
    """Of one connection. ``interval`` and ``silence`` are seconds."""

    def __init__(self, now: float, silence: float) -> None:
        self._silence = silence
        self._beat_at = self._heard_at = now

    def due(self, interval: float) -> float:
        """Return when there is something to do: a beat, or to give the broker up."""
        return min(self._beat_at + interval, self._heard_at + self._silence)

    def heard(self, now: float) -> None:
        """Note a sign of life of the broker."""
        self._heard_at = now

    def beat(self, now: float) -> None:
        """Note that a beat was sent."""
        self._beat_at = now

    def stopped(self, now: float) -> None:
        """Note that this process itself was stopped: that was not the broker's silence."""
        self._heard_at = now

    def is_silent(self, now: float) -> bool:
        """Tell whether the broker is to be given up."""
        return now >= self._heard_at + self._silence

    def may_ride(self, interval: float, now: float) -> bool:
        """Tell whether a push that has come takes a beat along."""
        return now - self._beat_at >= RIDING * interval
