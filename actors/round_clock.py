"""The present, the same for all that happens in one round of the event loop."""

from __future__ import annotations

import asyncio
import time

from .moment import Moment


class RoundClock:
    """Looks at both clocks once a round: a message asks for the time half a dozen times."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._now: Moment | None = None

    def __call__(self) -> Moment:
        """Return the present."""
        if self._now is None:
            self._now = Moment(self._loop.time(), time.time())
            self._loop.call_soon(self._forget)
        return self._now

    def _forget(self) -> None:
        self._now = None
