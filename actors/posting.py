"""The answer to one send, put together as its messages come to rest. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from ..transport import letters, mail
from ..transport.errors import SignalpostError
from .message import SendCall


class NamedCall(SendCall, eq=False):
    """The part of a send that goes to one recipient."""

    name: str = ""


class Posting:
    """One send to several recipients. It is complete when every message is on disk or refused."""

    def __init__(self, session: bytes, refused: list[letters.Refusal]) -> None:
        self.session = session
        self._refused = refused
        self._sent: list[letters.SentMessage] = []
        self._pending: set[str] = set()

    def expect(self, names: Iterable[str]) -> None:
        """Wait for the messages to these recipients."""
        self._pending.update(names)

    def arrived(self, sent: letters.SentMessage) -> None:
        """A message is on disk."""
        self._pending.discard(sent.name)
        self._sent.append(sent)

    def refuse(self, refusal: letters.Refusal) -> None:
        """A recipient did not get the message."""
        self._pending.discard(refusal.name)
        self._refused.append(refusal)

    @property
    def is_complete(self) -> bool:
        return not self._pending

    def answer(self) -> mail.Sent:
        """Return what became of the send."""
        return mail.Sent(
            sent=sorted(self._sent, key=lambda sent: sent.name),
            refused=sorted(self._refused, key=lambda refusal: refusal.name),
        )


def refusal(name: str, error: SignalpostError) -> letters.Refusal:
    """Return what is said of a recipient that did not get the message."""
    return letters.Refusal(name=name, code=error.code, detail=str(error))
