"""Who waits at the doorbell of an agent that has not come yet. Pure."""

from __future__ import annotations

from collections.abc import Callable

from .doorbell import Waiter


class Expected:
    """Waiting requests by the name that they wait for."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[Waiter]] = {}

    def wait(self, name: str, waiter: Waiter) -> None:
        """Let somebody wait until an agent has this name."""
        self._waiting.setdefault(name, []).append(waiter)

    def come(self, name: str) -> list[Waiter]:
        """An agent has this name now: return who waits at its doorbell from now on."""
        return self._waiting.pop(name, [])

    def give_up(self, correlation: bytes) -> None:
        """Nobody waits for this answer any more."""
        self._keep(lambda waiter: waiter.correlation != correlation)

    def leave(self, session: bytes) -> None:
        """A session is gone."""
        self._keep(lambda waiter: waiter.session != session)

    def _keep(self, stays: Callable[[Waiter], bool]) -> None:
        kept = {name: [w for w in waiting if stays(w)] for name, waiting in self._waiting.items()}
        self._waiting = {name: waiting for name, waiting in kept.items() if waiting}
