"""Orders to inboxes about what was sent."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs

from .inbox_actor import Work
from .inboxes import Inboxes
from .message import Message, SendCall


def hasten(session: bytes, asked: Iterable[Message], inboxes: Inboxes) -> None:
    """Let a session wait no longer for replies to what it asked, but for the disk alone."""
    for message in list(asked):
        call, home = message.call, inboxes.home(message)
        if home is not None and call is not None and call.session == session:
            home.tell(putting(message, structs.replace(call, goal="stored")))


def putting(message: Message, call: SendCall) -> Work:
    """Return the order that brings a message, or the call that waits for one that was brought."""
    return lambda inbox, now: inbox.put(message, call, now)


def giving_up(correlation: bytes) -> Work:
    """Return the order that nobody waits for the answer to a request any more."""
    return lambda inbox, now: inbox.give_up(correlation, now)
