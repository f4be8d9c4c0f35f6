"""The rules of one inbox. No I/O, no clock, no tasks of its own: pure.

Call a verb, then do what :meth:`Inbox.take_effects` returns, in order, and come
back with :meth:`Inbox.advance` at :meth:`Inbox.next_deadline`. Every verb checks
first and changes afterwards: one that raises has changed nothing.

    put ─> parked (the inbox is full) ─ room ─┐
     └───────────── there is room ────────────┴─> READY, by place ── receive ──> LEASED
                                                    ^ │                           │ │
               nack, lease end, death: counted; ────┼─┼───────────────────────────┘ │ ack
               give up, clean end: not counted      │ │ ttl, agent removed          v
                                                    │ └──> EXPIRED, DEAD <─────── DONE
                                                    └───────── redrive ┘ 5 failures

What becomes of a message is drawn in full in :mod:`message`. Nobody is told of
one before it is on disk; only a receiver may get it beside the commit.

A verb without ``now`` hands nothing out. What it makes possible is done by the
next ``advance``, which is then due at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from ..transport import letters
from ..transport.errors import SignalpostError, UnknownAgent
from .inbox_effects import Ended
from .inbox_moves import Moves
from .message import Message, SendCall
from .moment import Moment
from .receiver import Receiver
from .refusal import WHO_IS_KNOWN

AT_ONCE = 0.0
"""A deadline that has passed, whatever the monotonic clock shows."""


class Inbox(Moves):
    """First in, first out, at most ``bound`` unacknowledged messages."""

    # ------------------------------------------------------------ senders

    def put(self, message: Message, call: SendCall | None, now: Moment) -> None:
        """Accept a message, let it wait for room, or join the same one that is known already.

        :raises InboxFull: there is no room, and ``call`` does not wait for any
        """
        parked = self._senders.parked.get(message.id)
        if known := self._known.get(message.id):
            self._join(known, call)
        elif parked is not None and call is not None:
            self._senders.park(parked, call)
        elif parked is None and (self.is_full or self._senders.parked):
            if call is None or call.park is None or call.park <= now.mono:
                raise self._full()
            self._senders.park(message, call)
        elif parked is None:
            self._accept(message, call)
            self._hand_on(message, now)
            self._proceed(now)

    def stored(self, seq: int) -> None:
        """A message is on disk: its sender may be told."""
        message = self._unsaved.pop(seq, None)
        if message is None:
            return
        message.stored = True
        if not message.is_open:
            self._effects.tell(Ended(message))
        self._follow_up(message)

    def withdraw(self, seq: int, error: SignalpostError) -> None:
        """A message could not be stored: it leaves, whoever has got it already."""
        message = self._unsaved.pop(seq, None)
        if message is None:
            return
        if self._known.pop(message.id, None) is not None and message.is_open:
            self._leave_place(message)
        message.drop(str(error))
        self._refuse(message, error)

    def bounce(self, reason: str) -> None:
        """Nobody acts for this agent any more: who awaits a reply is told that none will come."""
        for message in self._senders.waiting():
            if message.call is not None and message.call.goal == "reply":
                message.call.bounced = reason
                self._follow_up(message)

    # ------------------------------------------------------------ receivers

    def receive(self, receiver: Receiver, now: Moment) -> None:
        """Give a receiver what there is for it, or let it wait.

        Asked again under its correlation, it is given again what it still holds.
        """
        if again := self._leases.answered(receiver.correlation, receiver.session):
            self._effects.deliver(receiver, tuple(again))
        elif not receiver.is_answered:
            self._receivers.pop(receiver.correlation)
            self._proceed(now)  # those who waited before it come first
            self._receive(receiver, now)

    def settle(
        self, session: bytes, held: Iterable[letters.Held], outcome: letters.Outcome, now: Moment
    ) -> list[letters.Settled]:
        """Say what became of messages that a session holds, and return what that led to."""
        settled = [self._settle(session, each, outcome, now) for each in held]
        self._proceed(now)
        return settled

    def extend(
        self, session: bytes, held: Iterable[letters.Held], now: Moment
    ) -> list[letters.Settled]:
        """Renew leases from now on."""
        return [self._leases.extend(session, each, now.mono) for each in held]

    def give_up(self, correlation: bytes, now: Moment) -> None:
        """Nobody waits for the answer to a request, or nobody got it: what it took goes back."""
        self._receivers.pop(correlation)
        self._release(self._senders.pop(correlation))
        for message in self._leases.answered(correlation):
            self._put_back(message, now)
        self._proceed(now)

    def leave(self, session: bytes, *, died: bool, now: Moment) -> None:
        """A session is gone. What it held goes back; that counts when it died."""
        self._receivers.leave(session)
        for message in self._senders.leave(session):
            self._release(message)
        for message in self._leases.of(session):
            if died:
                self._fail(message, "its receiver died", now)
            else:
                self._put_back(message, now)
        self._proceed(now)

    def reclaim(self, session: bytes, now: Moment) -> None:
        """The client of a session has forgotten what it received: all of it is offered again."""
        for message in self._leases.of(session):
            self._put_back(message, now)
        self._proceed(now)

    def complete(self, task_id: int, now: Moment) -> None:
        """Somebody got the result of a task another way: the message that carries it is done."""
        message = self._results.get(task_id)
        if message is not None:
            self._end(message, "done", now)
            self._proceed(now)

    def replied(self, session: bytes, message_id: str, now: Moment) -> None:
        """A session of this agent has replied to a message: it is done, unless another holds it."""
        message = self.find(message_id)
        if message is not None and (message.lease is None or message.lease.session == session):
            self._end(message, "done", now)
            self._proceed(now)

    # ------------------------------------------------------------ the whole inbox

    def resize(self, bound: int, now: Moment) -> None:
        """Take more messages from now on, or fewer; those that are here stay."""
        self.bound = bound
        self._proceed(now)

    def empty_into_dead(self, reason: str, now: Moment) -> None:
        """The agent is removed: its mail is dead, and whoever waits here is answered."""
        for message in self._senders.unpark_all():
            self._refuse(message, UnknownAgent(f"{reason}. {WHO_IS_KNOWN}"))
        for receiver in self._receivers.plain():
            self._answer(receiver, [])
        for message in self.open_messages():
            self._end(message, "dead", now, reason)

    def restore(self, message: Message) -> None:
        """Put back what an earlier broker life left, at its place."""
        message.stored = True
        message.put_back()
        self._add(message)

    def redrive(self, message: Message, now: Moment) -> None:
        """Put a dead letter back, at its old place and with fresh attempts."""
        if message.id in self._known:
            return
        message.stored = True
        message.revive()
        self._add(message)
        self._effects.note(message)
        self._proceed(now)

    def hand_over(self) -> list[Message]:
        """Give everything away for :meth:`absorb` of another inbox; here nobody waits any more.

        Those who wait for room are let in. Of what is not on disk yet, the other
        inbox has to hear ``stored``, and both ``withdraw``.
        """
        for message in self._senders.unpark_all():
            self._accept(message, message.call)
        for receiver in self._receivers.plain():
            self._answer(receiver, [])
        moved = sorted(self._known.values(), key=lambda m: m.seq)
        self._clear()
        return moved

    def absorb(self, messages: Iterable[Message], now: Moment) -> None:
        """Take the mail of another inbox, by place: leases and waiting senders come along."""
        for message in messages:
            if message.id in self._known:
                continue
            self._add(message)
            if not message.stored:
                self._unsaved[message.seq] = message
            if message.call is not None:
                self._senders.wait(message, message.call)
            self._effects.note(message)
        self._proceed(now)

    # ------------------------------------------------------------ time

    def advance(self, now: Moment, renewed_at: float) -> None:
        """Do what is due.

        :param renewed_at: when the agent last showed that it works, on the monotonic clock
        """
        for message in self._leases.ended(now.mono, renewed_at):
            self._fail(message, "its lease ended", now)
        self._proceed(now)
        refused, due = self._senders.overdue(now.mono)
        for message in refused:
            self._refuse(message, self._full())
        for message in due:
            self._hurry(message)
        for receiver in self._receivers.overdue(now.mono):
            self._answer(receiver, [])

    def next_deadline(self) -> float | None:
        """When :meth:`advance` next has something to do, or earlier; on the monotonic clock."""
        if self._arrived or (self._senders.parked and not self.is_full):
            return AT_ONCE
        earliest = min(
            self._ready.look_at,
            self._leases.look_at,
            self._receivers.look_at,
            self._senders.look_at,
        )
        return None if earliest == inf else earliest

    def shift(self, gap: float) -> None:
        """The broker was stopped for so long: that was nobody's time."""
        self._leases.shift(gap)
        self._receivers.shift(gap)
        self._senders.shift(gap)

    def spare(self, seconds: float) -> None:
        """Acknowledgements may be on their way still: no lease ends before they had so long."""
        self._leases.shift(seconds)
