"""The moves of a message in an inbox: accepted, handed out, put back, ended. Pure.

Every move keeps the books (what is open, what is not yet on disk, who waits)
and notes its effects; which move is made when is decided in :mod:`inbox`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..transport import letters
from ..transport.errors import InboxFull, SignalpostError, StaleLease
from .inbox_effects import Effects, Ended, Refuse, Tell
from .leases import Leases
from .message import MAX_ATTEMPTS, Lease, Message, SendCall
from .moment import Moment
from .ready import Ready
from .receiver import Receiver
from .receivers import Receivers
from .senders import Senders

MAX_BYTES = 16 * 1024 * 1024
"""Content and metadata of the unacknowledged messages of one inbox."""


class Moves:
    """The books of one inbox."""

    def __init__(
        self,
        bound: int,
        lease_seconds: float,
        tokens: Callable[[], bytes],
        seqs: Callable[[], int],
    ) -> None:
        self.bound = bound
        self._tokens = tokens
        self._seqs = seqs
        self._open: dict[str, Message] = {}
        self._unsaved: dict[int, Message] = {}
        self._results: dict[int, Message] = {}
        self._bytes = 0
        self._ready = Ready()
        self._leases = Leases(lease_seconds)
        self._receivers = Receivers()
        self._senders = Senders()
        self._effects = Effects()

    @property
    def is_full(self) -> bool:
        return len(self._open) >= self.bound or self._bytes > MAX_BYTES

    # ------------------------------------------------------------ coming in

    def _join(self, message: Message, call: SendCall | None) -> None:
        """The same message again: its sender waits for what becomes of the first."""
        if call is not None:
            self._senders.wait(message, call)
            self._tell_if_reached(message)

    def _accept(self, message: Message, call: SendCall | None, now: Moment) -> None:
        message.seq = self._seqs()
        self._add(message)
        self._unsaved[message.seq] = message
        self._effects.keep(message)
        if call is not None:
            self._senders.wait(message, call)
        self._offer(message, now)

    def _admit(self, now: Moment) -> None:
        """Let in those who wait for room, as far as there is some."""
        while not self.is_full and (message := self._senders.next_parked()) is not None:
            self._accept(message, message.call, now)

    def _add(self, message: Message) -> None:
        self._open[message.id] = message
        self._bytes += message.size
        if message.task_id is not None:
            self._results[message.task_id] = message

    # ------------------------------------------------------------ to and from receivers

    def _offer(self, message: Message, now: Moment) -> None:
        """Give a message to whoever waits for it, else let it wait at its place."""
        asker = self._receivers.asking(message)
        waiting = [asker] if asker is not None else self._receivers.plain()
        receiver = next((r for r in waiting if r.takes(message)), None)
        if receiver is None:
            self._ready.add(message)
        else:
            self._deliver(receiver, [message], now)

    def _deliver(self, receiver: Receiver, messages: list[Message], now: Moment) -> None:
        self._receivers.pop(receiver.correlation)
        if receiver.awaits is not None:
            receiver.awaits.answered = True
        for message in messages:
            lease = Lease(
                self._tokens(), receiver.session, now.mono, now.mono, receiver.correlation
            )
            message.hand_out(lease, now)
            self._leases.add(message, lease)
            self._effects.note(message)
            self._tell_if_reached(message)
        self._effects.deliver(receiver, tuple(messages))

    def _answer_with_nothing(self, receiver: Receiver) -> None:
        if receiver.awaits is not None:
            receiver.awaits.answered = True
        self._effects.deliver(receiver, ())

    def _settle(
        self, session: bytes, held: letters.Held, outcome: letters.Outcome, now: Moment
    ) -> letters.Settled:
        found = self._leases.held(session, held)
        if found is not None:
            message = found[0]
            match outcome:
                case "ack":
                    self._leases.remove(message)
                    self._end(message, "done", now)
                case "nack":
                    self._fail(message, "its receiver gave it back", now)
                case "return":
                    self._put_back(message, now)
        return _settled(held, found is not None)

    def _put_back(self, message: Message, now: Moment) -> None:
        """A held message goes back to its place."""
        self._leases.remove(message)
        message.put_back()
        if message.is_over(now):
            self._end(message, "expired", now)
            return
        self._effects.note(message)
        self._offer(message, now)

    def _fail(self, message: Message, reason: str, now: Moment) -> None:
        """A held message was not acknowledged, and that counts."""
        message.attempts += 1
        if message.attempts < MAX_ATTEMPTS:
            self._put_back(message, now)
            return
        self._leases.remove(message)
        self._end(message, "dead", now, f"{MAX_ATTEMPTS} failed attempts; the last: {reason}")

    # ------------------------------------------------------------ going out

    def _expire(self, now: Moment) -> None:
        """End what nobody took in time."""
        while (message := self._ready.next_to_expire()) is not None and message.is_over(now):
            self._ready.remove(message)
            self._end(message, "expired", now)

    def _leave_place(self, message: Message) -> None:
        """Take an open message out of where it is."""
        if message.state == "leased":
            self._leases.remove(message)
        else:
            self._ready.remove(message)

    def _end(self, message: Message, state: letters.State, now: Moment, reason: str = "") -> None:
        self._drop(message)
        message.end(state, now, reason)
        self._effects.note(message)
        self._effects.tell(Ended(message))
        self._tell_if_reached(message)

    def _drop(self, message: Message) -> None:
        del self._open[message.id]
        self._bytes -= message.size
        if message.task_id is not None:
            self._results.pop(message.task_id, None)

    # ------------------------------------------------------------ telling senders

    def _tell_if_reached(self, message: Message) -> None:
        """Answer the sender of a message that has come far enough, once it is on disk."""
        call = message.call
        if call is None or message.seq in self._unsaved:
            return
        if call.bounced or message.has_reached(call.goal):
            self._tell(message, call)

    def _hurry(self, message: Message) -> None:
        """The time of a sender is over: it is told the stage as soon as there is one."""
        call = message.call
        if call is None:
            return
        call.goal, call.deadline = "stored", None
        if message.seq not in self._unsaved:
            self._tell(message, call)

    def _tell(self, message: Message, call: SendCall) -> None:
        self._senders.release(message)
        if not call.answered:
            call.answered = True
            self._effects.tell(Tell(call, message, call.bounced))

    def _refuse(self, message: Message, error: SignalpostError) -> None:
        """A message was never accepted."""
        call, message.call = message.call, None
        if call is not None and not call.answered:
            call.answered = True
            self._effects.tell(Refuse(call, error))

    def _full(self) -> InboxFull:
        return InboxFull(
            f"{len(self._open)} unacknowledged messages, of at most {self.bound}, or"
            f" {self._bytes // 1024} KiB, of about {MAX_BYTES // 1024}, wait in this inbox."
            " Send again when its agent has read some."
        )


def _settled(held: letters.Held, took_effect: bool) -> letters.Settled:
    if took_effect:
        return letters.Settled(message_id=held.message_id)
    return letters.Settled(message_id=held.message_id, code=StaleLease.code, detail=STALE)


STALE = "you do not hold it: it was acknowledged, has expired, or goes to whoever asks next."
"""What is wrong with a lease that is not the current one."""


def extended(
    leases: Leases, session: bytes, held: Iterable[letters.Held], now: Moment
) -> list[letters.Settled]:
    """Renew the leases that a session has, and tell which it had."""
    settled: list[letters.Settled] = []
    for each in held:
        found = leases.held(session, each)
        if found is not None:
            found[1].renewed = now.mono
        settled.append(_settled(each, found is not None))
    return settled
