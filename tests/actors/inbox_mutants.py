"""Inboxes with one fault each, as a hurried programmer might make it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from copy import copy

from signalpost.actors.inbox import Inbox
from signalpost.actors.leases import Leases
from signalpost.actors.message import Lease, Message, SendCall
from signalpost.actors.moment import Moment
from signalpost.actors.ready import Ready
from signalpost.actors.receiver import Receiver
from signalpost.transport.errors import SignalpostError
from signalpost.transport.letters import Held, Settled


class AnswersBeforeTheCommit(Inbox):
    def _follow_up(self, message: Message) -> None:
        stored, message.stored = message.stored, True
        super()._follow_up(message)
        message.stored = stored


class AcceptsTheSameAgain(Inbox):
    def put(self, message: Message, call: SendCall | None, now: Moment) -> None:
        known = self._known.pop(message.id, None)
        super().put(message, call, now)
        self._known.setdefault(message.id, known or message)


class _Stack(Ready):
    def take(self, receiver: Receiver) -> list[Message]:
        fitting = [m for m in self.in_order() if receiver.takes(m)]
        taken = fitting[: -receiver.most - 1 : -1]
        for message in taken:
            self.remove(message)
        return taken


class LastInFirstOut(Inbox):
    def _clear(self) -> None:
        super()._clear()
        self._ready = _Stack()


class _AnyToken(Leases):
    def held(self, session: bytes, held: Held) -> tuple[Message, Lease] | None:
        return super().held(session, Held(held.message_id))


class AnyTokenAcknowledges(Inbox):
    def _clear(self) -> None:
        super()._clear()
        self._leases = _AnyToken(self._lease_seconds)


class _AnySession(Leases):
    def held(self, session: bytes, held: Held) -> tuple[Message, Lease] | None:
        message = self._messages.get(held.message_id)
        holder = message.lease.session if message and message.lease else session
        return super().held(holder, held)


class AnySessionAcknowledges(Inbox):
    def _clear(self) -> None:
        super()._clear()
        self._leases = _AnySession(self._lease_seconds)


class TriesForEver(Inbox):
    def _fail(self, message: Message, reason: str, now: Moment) -> None:
        message.attempts += 1
        self._put_back(message, now)


class CountsNoFailure(Inbox):
    def _fail(self, message: Message, reason: str, now: Moment) -> None:
        self._put_back(message, now)


class CountsReturns(Inbox):
    def _put_back(self, message: Message, now: Moment) -> None:
        message.attempts += 0 if message.is_over(now) else 1
        super()._put_back(message, now)


class LosesThePlace(Inbox):
    """What comes back stands last; its number is the old one."""

    def _make_ready(self, message: Message) -> None:
        if not message.deliveries:
            super()._make_ready(message)
            return
        place, message.seq = message.seq, message.seq + 10_000
        super()._make_ready(message)
        message.seq = place


class HandsOutBeforeAllAreBack(Inbox):
    """Of several that come back at once, the first named gets to a waiting receiver first."""

    def _put_back(self, message: Message, now: Moment) -> None:
        super()._put_back(message, now)
        self._serve(now)


class KnowsNoBound(Inbox):
    @property
    def is_full(self) -> bool:
        return False


class NewcomersOvertake(Inbox):
    def put(self, message: Message, call: SendCall | None, now: Moment) -> None:
        parked = self._senders.parked
        if not self.is_full:
            self._senders.parked = OrderedDict()
        try:
            super().put(message, call, now)
        finally:
            self._senders.parked = parked


class NeverExpires(Inbox):
    def _expire(self, now: Moment) -> None:
        pass


class ForgetsWhoWaitsForRoom(Inbox):
    """Room that comes without ``now`` wakes nobody."""

    def next_deadline(self) -> float | None:
        deadline = super().next_deadline()
        return None if deadline == 0 else deadline


class KeepsWhatACutOffReceiveTook(Inbox):
    def give_up(self, correlation: bytes, now: Moment) -> None:
        self._receivers.pop(correlation)
        self._release(self._senders.pop(correlation))
        self._proceed(now)


class GivesTheReplyToAnybody(Inbox):
    def receive(self, receiver: Receiver, now: Moment) -> None:
        awaits, receiver.awaits = receiver.awaits, None
        if not (awaits and awaits.answered):
            super().receive(receiver, now)


class DeathCostsNothing(Inbox):
    def leave(self, session: bytes, *, died: bool, now: Moment) -> None:
        super().leave(session, died=False, now=now)


class APauseCostsTheLease(Inbox):
    def shift(self, gap: float) -> None:
        self._receivers.shift(gap)
        self._senders.shift(gap)


class ExtendsNothing(Inbox):
    def extend(self, session: bytes, held: Iterable[Held], now: Moment) -> list[Settled]:
        copies = [copy(lease) for lease in self._each_lease()]
        settled = super().extend(session, held, now)
        for lease, earlier in zip(self._each_lease(), copies, strict=True):
            lease.renewed = earlier.renewed
        return settled

    def _each_lease(self) -> list[Lease]:
        return [m.lease for m in self._leases.messages() if m.lease]


class WithdrawsNothingThatIsOut(Inbox):
    def withdraw(self, seq: int, error: SignalpostError) -> None:
        message = self._unsaved.get(seq)
        if message is None or message.state != "leased":
            super().withdraw(seq, error)


class ARestartCounts(Inbox):
    def restore(self, message: Message) -> None:
        message.attempts += 1 if message.deliveries else 0
        super().restore(message)


MUTANTS: list[type[Inbox]] = [
    AnswersBeforeTheCommit,
    AcceptsTheSameAgain,
    LastInFirstOut,
    AnyTokenAcknowledges,
    AnySessionAcknowledges,
    TriesForEver,
    CountsNoFailure,
    CountsReturns,
    LosesThePlace,
    HandsOutBeforeAllAreBack,
    KnowsNoBound,
    NewcomersOvertake,
    NeverExpires,
    ForgetsWhoWaitsForRoom,
    KeepsWhatACutOffReceiveTook,
    GivesTheReplyToAnybody,
    DeathCostsNothing,
    APauseCostsTheLease,
    ExtendsNothing,
    WithdrawsNothingThatIsOut,
    ARestartCounts,
]
