"""The messages that a program works on, until each is settled.

hold ──> HELD ── clean end of the work ───────────> acknowledged
         │  │── an exception ─────────────────────> nack, counted
         │  │── a cancellation ───────────────────> return, not counted
         │  └── a reply, which acknowledges ──────> nothing left to do
         └─ every third of the lease: extended
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio

from . import mail
from .asker import Asker
from .calls import Answer
from .errors import DeadlineExceeded, ProtocolMismatch, SignalpostError, from_code
from .letters import Delivery, Held, Outcome, Settled
from .link import SILENCE_SECONDS, Link
from .messages import Welcome

logger = logging.getLogger(__name__)

LEASE_SECONDS = 600.0
_GIVE_BACK_SECONDS = 1.0


@dataclass(slots=True, eq=False)
class Hold:
    """One message that is worked on."""

    held: Held
    settled: bool = False
    """There is nothing more to say about it."""
    stale: bool = False
    """The broker has said that the lease is over."""


class Leases(Asker):
    """Keeps what is held, and tells the broker what becomes of it."""

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self._holds: dict[str, Hold] = {}
        self._demand = anyio.Event()

    # ------------------------------------------------------------ holding

    def hold(self, delivery: Delivery) -> Hold:
        """Keep a message from now on."""
        hold = Hold(Held(delivery.id, delivery.lease))
        self._holds[delivery.id] = hold
        self._demand.set()
        return hold

    def replied(self, message_id: str) -> None:
        """A reply has acknowledged a message, if it is held here."""
        if (hold := self._holds.get(message_id)) is not None:
            self._let_go(hold)

    @asynccontextmanager
    async def working_on(self, delivery: Delivery) -> AsyncGenerator[None, None]:
        """Hold a message for the life of a block, and settle it as the block ends.

        :raises StaleLease: the block has ended well, but too late
        """
        hold = self.hold(delivery)
        try:
            yield
        except BaseException as error:
            await self.give_back(hold, error)
            raise
        await self.acknowledge(hold)

    # ------------------------------------------------------------ settling

    async def acknowledge(self, hold: Hold) -> None:
        """Say that a message is done, and return when the broker has noted that.

        :raises StaleLease: it is not held any more; it may be delivered again
        """
        if self._let_go(hold):
            for settled in await self._settle(hold, "ack"):
                if settled.code:
                    raise from_code(settled.code, settled.detail)

    def acknowledge_soon(self, hold: Hold) -> None:
        """Say that a message is done, without waiting; what went wrong is logged."""
        if self._let_go(hold):
            self.acknowledge_unheld(hold.held)

    def acknowledge_unheld(self, held: Held) -> None:
        """The same for one that was never kept here."""

        def note(answer: Answer) -> None:
            _log_refused(answer, held)

        self._link.post(mail.Settle(messages=[held]), note)

    async def give_back(self, hold: Hold, error: BaseException) -> None:
        """Return a message that was not done, for at most 1 s and also when cancelled."""
        if not self._let_go(hold):
            return
        outcome: Outcome = "nack" if isinstance(error, Exception) else "return"
        with anyio.move_on_after(_GIVE_BACK_SECONDS, shield=True):
            try:
                _log_settled(await self._settle(hold, outcome))
            except SignalpostError as refused:  # the other error is what its raiser wants to see
                _log_refused(refused, hold.held)

    def _let_go(self, hold: Hold) -> bool:
        """Keep a message no longer; False: it is settled already."""
        if hold.settled:
            return False
        hold.settled = True
        if self._holds.get(hold.held.message_id) is hold:  # it may have come again meanwhile
            del self._holds[hold.held.message_id]
        return True

    async def _settle(self, hold: Hold, outcome: Outcome) -> list[Settled]:
        """Settle, and wait for the broker's word. Who stops waiting takes nothing back."""
        answers: list[Answer] = []
        told = anyio.Event()

        def hear(answer: Answer) -> None:
            answers.append(answer)
            told.set()

        self._link.post(mail.Settle(messages=[hold.held], outcome=outcome), hear)
        with anyio.move_on_after(SILENCE_SECONDS):
            await told.wait()
            return _settled(answers[0])
        raise DeadlineExceeded(
            f"no answer within {SILENCE_SECONDS:g} s; it may still take effect."
            " Run: signalpost doctor"
        )

    # ------------------------------------------------------------ extending

    async def run(self) -> None:
        """Extend what is held every third of a lease, until cancelled."""
        while True:
            await self._wanted()
            await anyio.sleep(lease_seconds(self._link.welcome) / 3)
            await self._extend()

    async def _wanted(self) -> None:
        if not self._holds:
            self._demand = anyio.Event()
            await self._demand.wait()

    async def _extend(self) -> None:
        holds = [hold for hold in self._holds.values() if not hold.stale]
        if not holds:
            return
        request = mail.Extend(messages=[hold.held for hold in holds])
        try:
            answer = await self._ask(request, mail.SettledAll)
        except SignalpostError as error:
            logger.warning("leases were not extended: %s", error)
            return
        _log_settled(answer.messages)
        over = {settled.message_id for settled in answer.messages if settled.code}
        for hold in holds:
            hold.stale = hold.held.message_id in over


def lease_seconds(welcome: Welcome | None) -> float:
    """Return for how long the broker leases a message."""
    try:
        seconds = float(welcome.settings.get("--lease", "")) if welcome else LEASE_SECONDS
    except ValueError:
        return LEASE_SECONDS
    return seconds if seconds > 0 else LEASE_SECONDS


def _settled(answer: Answer) -> list[Settled]:
    match answer:
        case mail.SettledAll(messages=messages):
            return messages
        case SignalpostError():
            raise answer
        case _:
            raise ProtocolMismatch(
                f"expected SettledAll, got {type(answer).__name__}."
                " Run `signalpost stop`, then try again."
            )


def _log_settled(messages: list[Settled]) -> None:
    for settled in messages:
        if settled.code:
            logger.warning("message %s: %s: %s", settled.message_id, settled.code, settled.detail)


def _log_refused(answer: Answer, held: Held) -> None:
    match answer:
        case mail.SettledAll(messages=messages):
            _log_settled(messages)
        case SignalpostError():
            logger.warning(
                "message %s was not settled and may be delivered again: %s",
                held.message_id,
                answer,
            )
        case _:
            logger.warning("message %s: unexpected answer %s", held.message_id, answer)
