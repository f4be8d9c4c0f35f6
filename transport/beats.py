"""Shows life while somebody waits, and notices when the broker shows none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import anyio

from . import messages
from .heart import Heart


class Beats:
    """Those of one connection.

    :param interval: seconds between two of them, as the broker wants it now
    :param silence: after so many seconds a broker of which nothing was heard is given up
    """

    def __init__(
        self,
        send: Callable[[messages.Heartbeat], None],
        interval: Callable[[], float],
        silence: float,
    ) -> None:
        self._send = send
        self._interval = interval
        # The same clock as anyio's, at a tenth of its cost.
        self._now = asyncio.get_running_loop().time
        self._heart = Heart(self._now(), silence)
        self._rest = anyio.CancelScope()

    async def run(self) -> None:
        """Beat until the broker is silent."""
        while True:
            with anyio.CancelScope(deadline=self._heart.due(self._interval())) as self._rest:
                await anyio.sleep_forever()
            now = self._now()
            if now - self._rest.deadline > self._interval():
                self._heart.stopped(now)
            if self._heart.is_silent(now):
                return
            self._beat(now, messages.Heartbeat())

    def heard(self) -> None:
        """Something has come from the broker."""
        self._heart.heard(self._now())

    def ride(self) -> None:
        """A push has come: send a beat with it unless one was just sent."""
        now = self._now()
        if self._heart.may_ride(self._interval(), now):
            self._beat(now, messages.Heartbeat(quiet=True))

    def _beat(self, now: float, heartbeat: messages.Heartbeat) -> None:
        self._heart.beat(now)
        self._rest.deadline = self._heart.due(self._interval())
        self._send(heartbeat)
