"""The rules of one inbox. No I/O, no clock, no tasks of its own: pure.

Call a verb, then do what :meth:`Inbox.take_effects` returns, in order, and come
back with :meth:`Inbox.advance` at :meth:`Inbox.next_deadline`. Every verb checks
first and changes afterwards: one that raises has changed nothing.

    put ──> parked (the inbox is full) ── room ──> ready, by place ──> leased ──> ended
                                                     ^                   │
                                                     └─ back, as it was ─┘

What becomes of a message is drawn in :mod:`message`. Nobody is told of one
before it is on disk; only a receiver may get it beside the commit.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from ..transport import letters
from ..transport.errors import SignalpostError, UnknownAgent
from .inbox_effects import Effect, Refuse
from .inbox_moves import Moves, extended
from .message import Message, SendCall
from .moment import Moment
from .receiver import Receiver

MAX_LOOK_BYTES = 4 * 1024 * 1024
"""Content and metadata that one look shows, unless one message alone is more."""


class Inbox(Moves):
    """First in, first out, at most ``bound`` unacknowledged messages."""

    # ------------------------------------------------------------ senders

    def put(self, message: Message, call: SendCall | None, now: Moment) -> None:
        """Accept a message, or let it wait for room.

        :raises InboxFull: there is no room, and ``call`` does not wait for any
        """
        known = self._open.get(message.id)
        if known is not None:
            self._join(known, call)
            return
        if self.is_full or self._senders.parked:
            if call is None or call.park is None or call.park <= now.mono:
                raise self._full()
            self._senders.park(message, call)
            return
        self._accept(message, call, now)

    def stored(self, seq: int) -> None:
        """A message is on disk: its sender may be told."""
        message = self._unsaved.pop(seq, None)
        if message is not None:
            message.stored = True
            self._tell_if_reached(message)

    def withdraw(self, seq: int, error: SignalpostError) -> None:
        """A message could not be stored: it leaves, whoever has got it already."""
        message = self._unsaved.pop(seq, None)
        if message is None:
            return
        if message.id in self._open:
            self._leave_place(message)
            self._drop(message)
        call = message.call
        self._senders.release(message)
        if call is not None and not call.answered:
            call.answered = True
            self._effects.tell(Refuse(call, error))

    def bounce(self, reason: str) -> None:
        """Nobody acts for this agent any more: who awaits a reply is told that none will come."""
        for message in self._senders.waiting():
            if message.call is not None and message.call.goal == "reply":
                message.call.bounced = reason
                self._tell_if_reached(message)

    # ------------------------------------------------------------ receivers

    def receive(self, receiver: Receiver, now: Moment) -> None:
        """Give a receiver what there is for it, or let it wait."""
        self._receivers.pop(receiver.correlation)
        if receiver.is_answered:
            return
        self._expire(now)
        taken = self._ready.take(receiver)
        if taken:
            self._deliver(receiver, taken, now)
        elif receiver.deadline is not None and receiver.deadline <= now.mono:
            self._answer_with_nothing(receiver)
        else:
            self._receivers.add(receiver)

    def settle(
        self,
        session: bytes,
        held: Iterable[letters.Held],
        outcome: letters.Outcome,
        now: Moment,
    ) -> list[letters.Settled]:
        """Say what became of messages that a session holds, and return what that led to."""
        settled = [self._settle(session, each, outcome, now) for each in held]
        self._admit(now)
        return settled

    def extend(
        self, session: bytes, held: Iterable[letters.Held], now: Moment
    ) -> list[letters.Settled]:
        """Renew leases from now on."""
        return extended(self._leases, session, held, now)

    def give_up(self, correlation: bytes, now: Moment) -> None:
        """Nobody waits for the answer to a request, or nobody got it: what it took goes back."""
        self._receivers.pop(correlation)
        self._senders.pop(correlation)
        for message in self._leases.answered(correlation):
            self._put_back(message, now)
        self._admit(now)

    def leave(self, session: bytes, *, died: bool, now: Moment) -> None:
        """A session is gone. What it held goes back; that counts when it died."""
        self._receivers.leave(session)
        self._senders.leave(session)
        for message in self._leases.of(session):
            if died:
                self._fail(message, "its receiver died", now)
            else:
                self._put_back(message, now)
        self._admit(now)

    def complete(self, task_id: int, now: Moment) -> None:
        """Somebody got the result of a task another way: the message that carries it is done."""
        message = self._results.get(task_id)
        if message is not None:
            self._leave_place(message)
            self._end(message, "done", now)
            self._admit(now)

    # ------------------------------------------------------------ the whole inbox

    def empty_into_dead(self, reason: str, now: Moment) -> None:
        """The agent is removed: its mail is dead, and whoever waits here is answered."""
        for message in self._senders.unpark_all():
            self._refuse(message, UnknownAgent(f"{reason}. list_agents tells who is known."))
        for receiver in self._receivers.all():
            self._receivers.pop(receiver.correlation)
            self._answer_with_nothing(receiver)
        for message in self.open_messages():
            self._leave_place(message)
            self._end(message, "dead", now, reason)

    def restore(self, message: Message) -> None:
        """Put back what an earlier broker life left, at its place."""
        self._add(message)
        self._ready.add(message)

    def redrive(self, message: Message, now: Moment) -> None:
        """Put a dead letter back, at its old place and with fresh attempts."""
        message.revive()
        self._add(message)
        self._effects.note(message)
        self._offer(message, now)

    def absorb(self, messages: Iterable[Message], now: Moment) -> None:
        """Take the mail of another inbox, by place."""
        for message in sorted(messages, key=lambda m: m.seq):
            message.put_back()
            self._add(message)
            if not message.stored:
                self._unsaved[message.seq] = message
            if message.call is not None:
                self._senders.wait(message, message.call)
            self._effects.note(message)
            self._offer(message, now)

    # ------------------------------------------------------------ time

    def advance(self, now: Moment, renewed_at: float) -> None:
        """Do what is due.

        :param renewed_at: when the agent last showed that it works, on the monotonic clock
        """
        self._expire(now)
        for message in self._leases.ended(now.mono, renewed_at):
            self._fail(message, "its lease ended", now)
        for receiver in self._receivers.overdue(now.mono):
            self._receivers.pop(receiver.correlation)
            self._answer_with_nothing(receiver)
        refused, due = self._senders.overdue(now.mono)
        for message in refused:
            self._refuse(message, self._full())
        for message in due:
            self._hurry(message)
        for message in self._senders.answered():
            self._senders.release(message)
        self._admit(now)

    def next_deadline(self) -> float | None:
        """When :meth:`advance` next has something to do, or earlier; on the monotonic clock."""
        mortal = self._ready.next_to_expire()
        earliest = min(
            inf if mortal is None or mortal.expires is None else mortal.expires,
            self._leases.next_end(),
            self._receivers.next_deadline(),
            self._senders.next_deadline(),
        )
        return None if earliest == inf else earliest

    def shift(self, gap: float) -> None:
        """The broker was stopped for so long: that was nobody's time."""
        self._leases.shift(gap)
        self._receivers.shift(gap)
        self._senders.shift(gap)

    def take_effects(self) -> list[Effect]:
        """Return what the caller must now do, in order. Each effect is returned once."""
        return self._effects.take()

    # ------------------------------------------------------------ looking in

    @property
    def depth(self) -> int:
        return len(self._open)

    @property
    def in_flight(self) -> int:
        return len(self._leases)

    @property
    def parked(self) -> int:
        return self._senders.parked

    @property
    def is_idle(self) -> bool:
        """Whether nothing is here and nobody waits."""
        return not (
            self._open
            or self._unsaved
            or self._senders.parked
            or self._senders.any_waits
            or self._receivers.any_waits
        )

    @property
    def has_receiver(self) -> bool:
        """Whether somebody waits for mail of any kind."""
        return self._receivers.any_receives

    @property
    def oldest(self) -> Message | None:
        """The open message that was accepted first."""
        return min(self._open.values(), key=lambda m: m.seq, default=None)

    def open_messages(self) -> list[Message]:
        """Return the unacknowledged messages by place."""
        return sorted(self._open.values(), key=lambda m: m.seq)

    def find(self, message_id: str) -> Message | None:
        """Return an unacknowledged message."""
        return self._open.get(message_id)

    def peek(self, sender: str, in_reply_to: str, most: int) -> list[Message]:
        """Return the oldest unacknowledged messages that fit, and take none."""
        fitting = Receiver(b"", b"", sender=sender, in_reply_to=in_reply_to)
        found: list[Message] = []
        room = MAX_LOOK_BYTES
        for message in self.open_messages():
            if len(found) == most:
                break
            if fitting.takes(message):
                room -= message.size
                if found and room < 0:
                    break
                found.append(message)
        return found
