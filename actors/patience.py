"""How long the broker waits for a shim to end its task, before it does so itself.

    taken ----time limit----grace----margin----> over
    kill  ------------------grace----margin----> over

A shim keeps both by itself. One that hangs, as one that its own command has
stopped, must not hold its queue for ever.
"""

from __future__ import annotations

from typing import Literal

import anyio

MARGIN_SECONDS = 2.0
"""Beyond the grace: far more than a shim needs to see to it that nothing is left."""

_NEVER = float("inf")


class Patience:
    """With the shim of one job. ``reason`` says why the task has to end."""

    def __init__(self, *, timeout_seconds: float, grace_seconds: float) -> None:
        self.reason: Literal["timeout", "killed"] = "timeout"
        self.killed = False
        self._timeout = timeout_seconds
        self._grace = grace_seconds
        self._taken = self._limit = self._deadline = _NEVER
        self._scope = anyio.CancelScope()

    @property
    def seconds(self) -> float:
        """How long the shim has had its job."""
        return max(0.0, anyio.current_time() - self._taken)

    def begin(self) -> None:
        """The shim has its job: the time limit counts."""
        self._taken = anyio.current_time()
        self._limit = self._taken + self._timeout
        self._end_by(self._limit + self._grace)

    def kill(self, grace: float | None) -> None:
        """The shim is told to kill its task, with at most so much grace."""
        self.killed = True
        if anyio.current_time() < self._limit:
            self.reason = "killed"
        self._grace = self._grace if grace is None else min(self._grace, grace)
        self._end_by(anyio.current_time() + self._grace)

    async def lasts_until(self, event: anyio.Event) -> bool:
        """Wait for ``event``; False: it has not come, and patience is over."""
        with anyio.CancelScope(deadline=self._deadline) as self._scope:
            await event.wait()
        return event.is_set()

    def _end_by(self, deadline: float) -> None:
        self._deadline = min(self._deadline, deadline + MARGIN_SECONDS)
        self._scope.deadline = self._deadline
