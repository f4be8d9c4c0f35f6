"""One agent's side of the post: its broker client, what it holds, and its name."""

from __future__ import annotations

import math
from collections.abc import Generator
from contextlib import contextmanager

import anyio

from .asker import Asker
from .broker_port import BrokerPort
from .deliveries import Deliveries, Taking, late_cancels_count, unread_after
from .mail_text import held_line


class Correspondence:
    """What a bridge keeps for one agent between two calls."""

    def __init__(self, broker: BrokerPort, wished: str) -> None:
        self.broker = broker
        self.deliveries = Deliveries()
        self._wished = wished
        self._told = ""
        self._changed = anyio.Event()
        self._receiving: anyio.CancelScope | None = None

    @contextmanager
    def taking(self, asker: Asker, *, asks: bool = False) -> Generator[Taking, None, None]:
        """Note a call that takes mail for as long as it is open; ``asks``: only its reply."""
        taking = self.deliveries.begin(
            asker.request,
            late_cancels=late_cancels_count(asker.client),
            unread_after=unread_after(asker.client),
            now=anyio.current_time(),
            asks=asks,
        )
        try:
            yield taking
        finally:
            self.deliveries.end(taking)

    @contextmanager
    def receiving(self, asker: Asker) -> Generator[None, None, None]:
        """End the receive before, if its client may have let go of it without a word.

        It would take the mail that this one waits for, and nobody would read it.
        """
        if self._receiving is not None and unread_after(asker.client) < math.inf:
            self._receiving.cancel()
        with anyio.CancelScope() as self._receiving:
            yield

    async def until_written(self) -> None:
        """Wait until every answer with mail is in the client's hands, or given up.

        A quick client asks again before the pipe could tell that it has read.
        """
        while self.deliveries.unwritten:
            self._changed = anyio.Event()
            await self._changed.wait()

    def changed(self) -> None:
        """Wake those who wait for answers to be written."""
        self._changed.set()

    def named(self, name: str) -> None:
        """Note the name that the agent has taken itself."""
        self._wished = name

    def naming(self, *, always: bool) -> str:
        """Return a line if the agent goes by another name than it wished, else ``""``.

        :param always: also when it has been told
        """
        name = self.broker.agent
        line = held_line(name, self._wished)
        if not always and name == self._told:
            return ""
        self._told = name if line else self._told
        return line
