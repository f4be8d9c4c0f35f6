"""The open requests of one client, by correlation."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio

from . import frames, messages
from .errors import SignalpostError

Progress = Callable[[messages.TaskProgress], None]


@dataclass(slots=True, eq=False)
class Call:
    """One request and whoever waits for its answer."""

    correlation: bytes
    payload: bytes
    progress: Progress | None = None
    lasting: bool = True
    """False: it means nothing to another broker than the one it was meant for."""
    done: anyio.Event = field(default_factory=anyio.Event)
    answer: messages.Reply | SignalpostError | None = None

    def finish(self, answer: messages.Reply | SignalpostError) -> None:
        """Give the answer to whoever waits; the first one counts."""
        if self.answer is None:
            self.answer = answer
            self.done.set()


class Calls:
    """Makes calls under fresh correlations and keeps them until they are answered."""

    def __init__(self) -> None:
        self._nonce = secrets.token_bytes(8)
        self._count = 0
        self._open: dict[bytes, Call] = {}
        self._demand = anyio.Event()

    def make(self, request: messages.Request, progress: Progress | None = None) -> Call:
        """Return a call that is not kept.

        :raises TooLarge: the request is over its limit
        :raises BadRequest: a text in it is not Unicode
        """
        self._count += 1
        return Call(
            self._nonce + self._count.to_bytes(8, "big"),
            frames.encode_request(request),
            progress,
            lasting=not isinstance(request, messages.Bye | messages.CancelCall),
        )

    def keep(self, call: Call) -> None:
        """Keep a call until it is answered or given up."""
        self._open[call.correlation] = call
        self._demand.set()

    def find(self, correlation: bytes) -> Call | None:
        """Return an open call."""
        return self._open.get(correlation)

    def take(self, correlation: bytes) -> Call | None:
        """Return an open call and keep it no longer."""
        return self._open.pop(correlation, None)

    def all(self) -> list[Call]:
        """Return the open calls, oldest first."""
        return list(self._open.values())

    @property
    def any_lasting(self) -> bool:
        """Whether one of them is worth starting a broker for."""
        return any(call.lasting for call in self._open.values())

    def fail(self, error: SignalpostError) -> None:
        """End every open call with an error."""
        for call in self.all():
            self._open.pop(call.correlation)
            call.finish(error)

    async def wanted(self) -> None:
        """Return when there is an open call."""
        if not self._open:
            self._demand = anyio.Event()
            await self._demand.wait()
