"""Receives that are MCP tasks: each look of the client is a parked receive of its own.

    created --> looked at, nothing yet (working) --> mail came: completed, kept to be shown again
                     |                          `--> its time is up: completed, no messages
                     `--> cancelled

Nothing is taken while the client does not look: mail that nobody fetches would
lie with the bridge. So it goes by the answer to one ``tasks/get``, and by the
rules of any other answer: written, it may be acknowledged by the next receive;
lost or cancelled, it goes back, and the next look takes anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import anyio
import mcp.types as t

from ..transport.errors import SignalpostError
from ..transport.letters import Settled
from .asker import Asker
from .deliveries import RequestId, late_cancels_count
from .identity import AgentIdentity
from .mail_handlers import MailHandlers
from .receiving import nothing
from .results import refusal
from .ticket import ReceiveTicket

LOOK_SECONDS = 2.0
"""How long a look waits for mail."""
POLL_MILLISECONDS = 100
"""How soon the next look shall come: mail that comes between two of them rings the bell besides."""
KEPT_SECONDS = 3600.0
"""How long after its time a wait can still be asked about."""
_MAX_WAITS = 100


@dataclass(slots=True, eq=False)
class Wait:
    """What the bridge knows of one wait."""

    acknowledged: list[Settled] = field(default_factory=list[Settled])
    """What its call acknowledged when it began."""
    result: t.CallToolResult | None = None
    cancelled: bool = False
    ended_at: float | None = None
    shown_by: set[RequestId] = field(default_factory=set[RequestId])
    """The requests whose answers show the result, as far as the client wanted them."""
    late_cancels: bool = True
    looking: anyio.Lock = field(default_factory=anyio.Lock)
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)


class Waits:
    """Serves the waits of one bridge, and hears what became of its answers."""

    def __init__(self, mail: MailHandlers, clock: Callable[[], float]) -> None:
        self._mail = mail
        self._clock = clock
        self._waits: dict[str, Wait] = {}

    def begin(self, name: str, acknowledged: list[Settled]) -> Wait:
        """Note a wait that was just made."""
        wait = self._of(name)
        wait.acknowledged = acknowledged
        return wait

    async def look(
        self, name: str, ticket: ReceiveTicket, agent: AgentIdentity, asker: Asker
    ) -> Wait:
        """Wait a moment for mail, unless it is over; return how it stands."""
        wait = self._of(name)
        async with wait.looking:
            if wait.result is None and not wait.cancelled:
                with anyio.CancelScope() as wait.scope:
                    await self._take(wait, ticket, agent, asker)
            if wait.result is not None:
                wait.shown_by.add(asker.request)
                wait.late_cancels = late_cancels_count(asker.client)
        return wait

    def cancel(self, name: str) -> None:
        """End a wait; one that has its result keeps it."""
        wait = self._of(name)
        if wait.result is None:
            wait.cancelled, wait.ended_at = True, self._clock()
            wait.scope.cancel()

    # ---------------------------------------------------------------- heard from the pipe

    def written(self, request: RequestId) -> None:
        """Nothing changes: the result is kept to be shown again."""

    def failed(self, request: RequestId) -> None:
        """Forget a result that was not shown: its mail went back."""
        self._forget(request)

    def cancelled(self, request: RequestId) -> None:
        """Forget a result that the client did not want: its mail went back."""
        self._forget(request)

    def restarted(self) -> None:
        """The client numbers its requests anew; the waits outlive its session."""
        for wait in self._waits.values():
            wait.shown_by.clear()

    # ---------------------------------------------------------------- inside

    def _of(self, name: str) -> Wait:
        wait = self._waits.setdefault(name, Wait())
        if len(self._waits) > _MAX_WAITS:
            del self._waits[next(iter(self._waits))]
        return wait

    async def _take(
        self, wait: Wait, ticket: ReceiveTicket, agent: AgentIdentity, asker: Asker
    ) -> None:
        left = ticket.created_at + ticket.call.timeout - self._clock()
        seconds = max(0.0, min(left, LOOK_SECONDS))
        try:
            post = self._mail.post_of(agent)
            result = await self._mail.receiving.look(post, ticket.call, asker, seconds)
        except SignalpostError as error:
            result = refusal(error.code, str(error))
        if result is None and left > LOOK_SECONDS:
            return
        wait.result = result or nothing(ticket.call.timeout, wait.acknowledged)
        wait.ended_at = self._clock()

    def _forget(self, request: RequestId) -> None:
        for wait in self._waits.values():
            if wait.late_cancels and wait.shown_by == {request}:
                wait.result = wait.ended_at = None
            wait.shown_by.discard(request)
