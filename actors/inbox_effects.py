"""What the rules of an inbox ask their actor to do. Pure."""

from __future__ import annotations

import msgspec

from ..transport.errors import SignalpostError
from .message import Message, SendCall
from .receiver import Receiver


class Keep(msgspec.Struct, frozen=True):
    """A message was accepted; persist it, and say ``stored`` when it is on disk."""

    message: Message


class Note(msgspec.Struct, frozen=True):
    """Something about a message that was accepted has changed; persist that."""

    message: Message


class Deliver(msgspec.Struct, frozen=True):
    """Answer a receiver with these messages, leased to it; none: its time is over."""

    receiver: Receiver
    messages: tuple[Message, ...]


class Tell(msgspec.Struct, frozen=True):
    """Answer a sender: its message has come this far. ``bounced``: no reply will come."""

    call: SendCall
    message: Message
    bounced: str = ""


class Refuse(msgspec.Struct, frozen=True):
    """Answer a sender or receiver with an error."""

    call: SendCall | Receiver
    error: SignalpostError


class Ended(msgspec.Struct, frozen=True):
    """A message was acknowledged, has expired, or is dead: ``message.state`` says which."""

    message: Message


Effect = Keep | Note | Deliver | Tell | Refuse | Ended


class Effects:
    """What is to be done, in the order in which it has to be.

    Deliveries come first: mail waits for no disk. Then what is to be persisted,
    every message once, then the answers.
    """

    def __init__(self) -> None:
        self._deliveries: list[Effect] = []
        self._rows: dict[int, Effect] = {}
        self._answers: list[Effect] = []

    def keep(self, message: Message) -> None:
        """Have a message persisted, as it is when this is carried out."""
        self._rows[message.seq] = Keep(message)

    def note(self, message: Message) -> None:
        """Have a change persisted."""
        self._rows.setdefault(message.seq, Note(message))

    def deliver(self, receiver: Receiver, messages: tuple[Message, ...]) -> None:
        """Have a receiver answered."""
        self._deliveries.append(Deliver(receiver, messages))

    def tell(self, answer: Tell | Refuse | Ended) -> None:
        """Have somebody told."""
        self._answers.append(answer)

    def take(self) -> list[Effect]:
        """Return everything, once."""
        taken = [*self._deliveries, *self._rows.values(), *self._answers]
        self._deliveries.clear()
        self._rows.clear()
        self._answers.clear()
        return taken
