"""The open requests of one client, by correlation."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

import anyio

from . import frames, letters, mail, messages
from .errors import BrokerUnavailable, SignalpostError
from .promises import Promises

Answer = messages.Reply | SignalpostError
Progress = Callable[[messages.TaskProgress], None]
Listener = Callable[[Answer], None]
# Not secrets: that loads OpenSSL, 4 MiB in every bridge.
Fresh = Callable[[int], bytes]
"""Gives so many bytes that nobody else has."""
_LEFT = "this client was closed before the answer came; the request may have taken effect."
_REMEMBERED = 1000
"""Answers with mail that are known again."""


@dataclass(slots=True, eq=False)
class Call:
    """One request and whoever waits for its answer."""

    correlation: bytes
    payload: bytes
    progress: Progress | None = None
    listener: Listener | None = None
    lasting: bool = True
    """False: it means nothing to another broker than the one it was meant for."""
    runs: bool = False
    """Whether it asks for a task."""
    done: anyio.Event = field(default_factory=anyio.Event)
    answer: Answer | None = None

    def finish(self, answer: Answer) -> None:
        """Give the answer to whoever waits; the first one counts."""
        if self.answer is not None:
            return
        self.answer = answer
        self.done.set()
        if self.listener is not None:
            self.listener(answer)

    def result(self) -> messages.Reply:
        """Return the answer, once it is done.

        :raises SignalpostError: what the request was refused with
        """
        if isinstance(self.answer, SignalpostError):
            raise self.answer
        assert self.answer is not None  # noqa: S101 - done is set with an answer only
        return self.answer


def leases_in(answer: Answer | None) -> frozenset[bytes]:
    """Return the leases of the mail that an answer brings."""
    match answer:
        case mail.Deliveries(messages=taken):
            return frozenset(delivery.lease for delivery in taken if delivery.lease)
        case mail.Sent(reply=letters.Delivery(lease=lease)) if lease:
            return frozenset({lease})
        case _:
            return frozenset()


class Calls:
    """Makes calls under fresh correlations and keeps them until they are answered."""

    def __init__(self, fresh: Fresh = os.urandom) -> None:
        self._nonce = fresh(8)
        self._count = 0
        self._open: dict[bytes, Call] = {}
        self._handed_out: dict[bytes, frozenset[bytes]] = {}
        self._promises = Promises()
        self._demand = anyio.Event()
        self._home: asyncio.AbstractEventLoop | None = None
        self._closed = False

    @contextmanager
    def served(self) -> Generator[None, None, None]:
        """Take calls of the event loop that runs now, and of no other, until the block ends."""
        self._home, self._closed = asyncio.get_running_loop(), False
        try:
            yield
        finally:
            self._closed = True
            self._leave()

    def make(
        self,
        request: messages.Request,
        progress: Progress | None = None,
        listener: Listener | None = None,
    ) -> Call:
        """Return a call that is not kept.

        :raises TooLarge: the request is over its limit
        :raises BadRequest: a text in it is not Unicode
        :raises BrokerUnavailable: nobody serves this event loop
        """
        self._check_home()
        self._count += 1
        return Call(
            self._nonce + self._count.to_bytes(8, "big"),
            frames.encode_request(request),
            progress,
            listener,
            lasting=_lasts(request),
            runs=isinstance(request, messages.RunTask),
        )

    def keep(self, call: Call) -> None:
        """Keep a call until it is answered or given up."""
        self._open[call.correlation] = call
        self._demand.set()

    def tell(self, correlation: bytes, news: messages.TaskProgress) -> None:
        """Give news to whoever waits, if somebody wants them."""
        call = self._open.get(correlation)
        if call is not None and call.progress is not None:
            call.progress(news)

    def take(self, correlation: bytes) -> Call | None:
        """Return an open call and keep it no longer."""
        return self._open.pop(correlation, None)

    def answer(self, correlation: bytes, answer: Answer) -> bool:
        """Finish an open call; False when mail has come that nobody waits for.

        The same answer to a call that has got it already is no such mail.
        """
        leases = leases_in(answer)
        call = self.take(correlation)
        if call is None:
            return not leases or self._handed_out.get(correlation) == leases
        if leases:
            self._remember(correlation, leases)
        if isinstance(answer, messages.TaskReport):
            self._note(call, answer)
        call.finish(answer)
        return True

    def keep_places(self) -> None:
        """The broker has died: have the next one keep the places of tasks that wait."""
        for request in self._promises.requests():
            self.keep(self.make(request))

    def _note(self, call: Call, report: messages.TaskReport) -> None:
        if call.runs:
            self._promises.hear(report, call.correlation, call.payload)
        else:
            self._promises.learn(report)

    def _remember(self, correlation: bytes, leases: frozenset[bytes]) -> None:
        self._handed_out[correlation] = leases
        if len(self._handed_out) > _REMEMBERED:
            del self._handed_out[next(iter(self._handed_out))]

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

    def _check_home(self) -> None:
        if self._closed:
            raise BrokerUnavailable("this client is closed. Open another: signalpost.connect()")
        if self._home is not None and _running_loop() is not self._home:
            raise BrokerUnavailable(
                "this client belongs to another event loop, thread or process."
                " Open one here: signalpost.connect()"
            )

    def _leave(self) -> None:
        """Tell whoever waits; what was only posted has been sent, and takes effect or not."""
        for call in self.all():
            if call.listener is None:
                self._open.pop(call.correlation)
                call.finish(BrokerUnavailable(_LEFT))

    async def wanted(self) -> None:
        """Return when there is an open call."""
        if not self._open:
            self._demand = anyio.Event()
            await self._demand.wait()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the event loop of this thread and process; None: there is none, as after a fork."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _lasts(request: messages.Request) -> bool:
    """Tell whether a request is worth starting a broker for.

    The leases of a dead broker are void: only who has done a message wants to hear that.
    """
    match request:
        case messages.Bye() | messages.CancelCall() | mail.Extend():
            return False
        case mail.Settle(outcome=outcome):
            return outcome == "ack"
        case _:
            return True
