"""What the actors of inboxes need of the world, as parameters: only the shapes.

A test passes stand-ins; the clock, the store and the sockets are never reached
any other way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ..transport import mail, messages
from ..transport.errors import SignalpostError
from .agent import Agent
from .agent_row import AgentRow
from .bell_row import BellRow, RingRow
from .chores import Chores
from .message import Message, SendCall
from .message_row import MessageRow
from .moment import Moment
from .receiver import Receiver
from .services import Events
from .settings import Settings

Then = Callable[[Exception | None], None]
"""Called when all that was given to the store before is on disk, or with why it is not."""


class BellStore(Protocol):
    """Keeps doorbells and rings; see :mod:`bell_store`."""

    def put_bell(self, row: BellRow) -> None:
        """Write a doorbell soon."""
        ...

    def forget_bell(self, agent_id: int) -> None:
        """Remove a doorbell soon."""
        ...

    def put_ring(self, row: RingRow) -> None:
        """Write a ring soon."""
        ...

    def forget_ring(self, number: int) -> None:
        """Remove a ring soon."""
        ...


class MailStore(Protocol):
    """Keeps messages and agents; see :mod:`mail_store`."""

    def keep(self, row: MessageRow, then: Then | None = None) -> None:
        """Write a new message soon."""
        ...

    def note(self, row: MessageRow) -> None:
        """Write what has changed about a message soon."""
        ...

    def forget(self, seq: int) -> None:
        """Remove a message that was refused after all."""
        ...

    def move(self, from_agent: int, to_agent: int) -> None:
        """Give an agent the open messages and dead letters of another."""
        ...

    def put_agent(self, row: AgentRow) -> None:
        """Write an agent soon."""
        ...

    def forget_agent(self, agent_id: int) -> None:
        """Remove an agent soon."""
        ...

    def put_forward(self, name: str, agent_id: int) -> None:
        """Let an old name lead to an agent."""
        ...

    def forget_forward(self, name: str) -> None:
        """Let an old name lead nowhere."""
        ...

    @property
    def bells(self) -> BellStore:
        """Where doorbells are kept."""
        ...

    def when_committed(self, then: Then) -> None:
        """Call ``then`` when all that was given before is on disk."""
        ...


class Asker(Protocol):
    """Whoever waits for the answer to a request."""

    @property
    def session(self) -> bytes: ...

    @property
    def correlation(self) -> bytes: ...


class Senders(Protocol):
    """Those who wait for what becomes of their messages; see :mod:`sending`."""

    def leave(self, session: bytes) -> None:
        """A session is gone: it waits for nothing any more."""
        ...

    def hasten(self, session: bytes) -> None:
        """No reply reaches a session any more: it waits for the disk alone."""
        ...

    def stored(self, message: Message) -> None:
        """A message is on disk."""
        ...

    def told(self, call: SendCall, message: Message, bounced: str) -> None:
        """A message has come as far as its sender was to wait, or no reply will come."""
        ...

    def replied(self, receiver: Receiver, reply: Message | None) -> mail.Sent:
        """Return the answer to a sender whose reply has come, or whose time is over."""
        ...

    def refused(self, asker: Asker, error: SignalpostError) -> None:
        """A message, or whoever waits at an inbox, was refused."""
        ...


Reply = Callable[[bytes, bytes, messages.Reply], bool]
"""Send to (session, correlation); False when the session is not connected."""


@dataclass(frozen=True)
class MailServices:
    """Everything an inbox's actor may touch besides its own state."""

    clock: Callable[[], Moment]
    reply: Reply
    store: MailStore
    events: Events
    settings: Settings
    chores: Chores
    tokens: Callable[[], bytes]
    """Makes lease tokens."""
    seqs: Callable[[], int]
    """Gives out places, ever higher."""
    renewed_at: Callable[[Agent], float]
    """When an agent last showed that it works, on the monotonic clock."""
