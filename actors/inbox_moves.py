"""The moves of a message in an inbox: accepted, handed out, put back, ended. Pure.

Every move keeps the books (where a message is, what is not yet on disk, who
waits) and notes its effects; which move is made when is decided in :mod:`inbox`.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..transport import letters
from ..transport.errors import InboxFull, SignalpostError
from .inbox_books import MAX_BYTES, Books
from .inbox_effects import Ended, Refuse, Tell
from .leases import settled
from .message import MAX_ATTEMPTS, Lease, Message, SendCall
from .moment import Moment
from .receiver import Receiver


class Moves(Books):
    """What may become of a message."""

    # ------------------------------------------------------------ coming in

    def _join(self, message: Message, call: SendCall | None) -> None:
        """The same message again: its sender waits for what becomes of the first."""
        if call is not None:
            self._senders.wait(message, call)
            self._follow_up(message)

    def _accept(self, message: Message, call: SendCall | None) -> None:
        message.seq = self._seqs()
        self._unsaved[message.seq] = message
        self._effects.keep(message)
        self._enter(message)
        if call is not None:
            self._senders.wait(message, call)
            for answered in self._senders.answered():
                self._release(answered)

    def _add(self, message: Message) -> None:
        """Put a message that was elsewhere where its state says that it is."""
        self._enter(message)
        if message.lease is not None:
            self._leases.add(message, message.lease)
        elif message.is_open:
            self._make_ready(message)

    def _enter(self, message: Message) -> None:
        self._known[message.id] = message
        if message.is_open:
            self.depth += 1
            self._bytes += message.size
            if message.task_id is not None:
                self._results[message.task_id] = message

    def _make_ready(self, message: Message) -> None:
        self._ready.add(message)
        if self._receivers:
            self._arrived.append(message)
        else:
            self._moved = True

    def _proceed(self, now: Moment) -> None:
        """Do what a change has made possible: expire, let in, hand out."""
        if self._ready.look_at <= now.mono:
            self._expire(now)
        while self._senders.parked and not self.is_full:
            message = self._senders.next_parked()
            self._accept(message, message.call)
            self._make_ready(message)
            self._expire(now)
        if self._arrived:
            self._serve(now)

    # ------------------------------------------------------------ to and from receivers

    def _hand_on(self, message: Message, now: Moment) -> None:
        """Give a new message to whoever waits for it: then it needs no place in the line."""
        receiver = self._receivers.first_for(message)
        if receiver is None or self._arrived or message.is_over(now):
            self._make_ready(message)
        else:
            self._deliver(receiver, [message], now)

    def _serve(self, now: Moment) -> None:
        """Hand out what has arrived: a reply to who awaits it, then first come, first served."""
        arrived, self._arrived = self._arrived, []
        for message in sorted(arrived, key=lambda m: m.seq):
            asker = self._receivers.asking(message) if message.state == "ready" else None
            if asker is not None:
                self._ready.remove(message)
                self._deliver(asker, [message], now)
        for receiver in self._receivers.plain():
            if not self._ready:
                break
            self._offer(receiver, now)
        self._moved = self._moved or any(message.state == "ready" for message in arrived)

    def _receive(self, receiver: Receiver, now: Moment) -> None:
        if self._offer(receiver, now):
            return
        if receiver.deadline is not None and receiver.deadline <= now.mono:
            self._answer(receiver, [])
        else:
            self._receivers.add(receiver)

    def _offer(self, receiver: Receiver, now: Moment) -> bool:
        """Give a receiver what there is for it; return whether there was anything."""
        messages = self._ready.take(receiver)
        if messages:
            self._deliver(receiver, messages, now)
        return bool(messages)

    def _deliver(self, receiver: Receiver, messages: Sequence[Message], now: Moment) -> None:
        for message in messages:
            lease = Lease(
                self._tokens(), receiver.session, now.mono, now.mono, receiver.correlation
            )
            message.hand_out(lease, now)
            self._leases.add(message, lease)
            self._effects.note(message)
        self._answer(receiver, messages)
        for message in messages:
            self._follow_up(message)

    def turn_away(self, session: bytes, error: SignalpostError) -> None:
        """A session may not receive here any more: its receivers are told why."""
        for receiver in self._receivers.plain():
            if receiver.session == session:
                self._receivers.pop(receiver.correlation)
                self._effects.tell(Refuse(receiver, error))

    def _answer(self, receiver: Receiver, messages: Sequence[Message]) -> None:
        """Answer a receiver, unless its sender has been answered another way."""
        self._receivers.pop(receiver.correlation)
        if receiver.is_answered:
            return
        if receiver.awaits is not None:
            receiver.awaits.answered = True
        self._effects.deliver(receiver, tuple(messages))

    def _settle(
        self, session: bytes, held: letters.Held, outcome: letters.Outcome, now: Moment
    ) -> letters.Settled:
        found = self._leases.held(session, held)
        if found is not None:
            message, _ = found
            match outcome:
                case "ack":
                    self._end(message, "done", now)
                case "nack":
                    self._fail(message, "its receiver gave it back", now)
                case "return":
                    self._put_back(message, now)
        return settled(held, took_effect=found is not None)

    def _fail(self, message: Message, reason: str, now: Moment) -> None:
        """A held message was not acknowledged, and that counts."""
        message.attempts += 1
        if message.attempts < MAX_ATTEMPTS:
            self._put_back(message, now)
        else:
            reason = f"{MAX_ATTEMPTS} failed attempts; the last: {reason}"
            self._end(message, "dead", now, reason)

    def _put_back(self, message: Message, now: Moment) -> None:
        """A held message goes back to its place, unless its time to live has passed."""
        if message.is_over(now):
            self._end(message, "expired", now)
            return
        self._leases.remove(message)
        message.put_back()
        self._make_ready(message)
        self._effects.note(message)

    # ------------------------------------------------------------ going out

    def _expire(self, now: Moment) -> None:
        """End what nobody took in time."""
        while self._ready.look_at <= now.mono and (message := self._ready.overdue(now)):
            self._end(message, "expired", now)

    def _end(self, message: Message, state: letters.State, now: Moment, reason: str = "") -> None:
        self._leave_place(message)
        message.end(state, now, reason)
        self._effects.note(message)
        if message.stored:
            self._effects.tell(Ended(message))
        self._follow_up(message)

    def _leave_place(self, message: Message) -> None:
        """Take an open message out of where it is."""
        if message.lease is not None:
            self._leases.remove(message)
        else:
            self._ready.remove(message)
        self.depth -= 1
        self._bytes -= message.size
        if message.task_id is not None:
            self._results.pop(message.task_id, None)

    # ------------------------------------------------------------ telling senders

    def _follow_up(self, message: Message) -> None:
        """Tell the sender of a message how far it has come, once it is on disk and far enough."""
        call = message.call
        if call is not None and message.stored and (call.bounced or message.has_reached(call.goal)):
            self._tell(message, call)
        self._forget(message)

    def _hurry(self, message: Message) -> None:
        """The time of a sender is over: it is told the stage as soon as there is one."""
        if message.call is not None:
            message.call.goal = "stored"
        self._follow_up(message)

    def _tell(self, message: Message, call: SendCall) -> None:
        self._senders.release(message)
        if not call.answered:
            call.answered = True
            self._effects.tell(Tell(call, message, call.bounced))

    def _refuse(self, message: Message, error: SignalpostError) -> None:
        """A message was never accepted, or could not be kept."""
        call = message.call
        self._senders.release(message)
        if call is not None and not call.answered:
            call.answered = True
            self._effects.tell(Refuse(call, error))

    def _release(self, message: Message | None) -> None:
        """Nobody waits for what becomes of a message."""
        if message is not None:
            self._senders.release(message)
            self._forget(message)

    def _forget(self, message: Message) -> None:
        if not message.is_open and message.stored and message.call is None:
            self._known.pop(message.id, None)

    def _full(self) -> InboxFull:
        return InboxFull(
            f"{self.depth} unacknowledged messages of {self._bytes // 1024} KiB wait in this"
            f" inbox; it takes {self.bound} and {MAX_BYTES // 1024} KiB."
            " Send again when its agent has acknowledged some."
        )
