"""A reply acknowledges the message that it answers.

    posted ──> on disk: the question is done ──> that is on disk too: the replier is told

So whoever was told that a reply is sent is never given its question again,
even if the broker dies in between; a reply that comes again then, finds that
it was posted and acknowledges its question anew.
"""

from __future__ import annotations

from collections.abc import Callable

from .inboxes import Inboxes
from .mail_services import MailServices
from .message import Message
from .message_row import MessageRow
from .registry import Registry


class Replies:
    """Ends what was replied to."""

    def __init__(self, registry: Registry, inboxes: Inboxes, services: MailServices) -> None:
        self._registry = registry
        self._inboxes = inboxes
        self._services = services

    def stored(self, message: Message) -> None:
        """A reply is on disk: the message that it answers is done."""
        if message.session:
            self.acknowledge(message, message.session)

    def acknowledge(self, message: Message | MessageRow, session: bytes) -> None:
        """The message that this one answers is done, unless another session holds it."""
        question, sender = message.in_reply_to, self._registry.by_id(message.sender_id)
        if question and sender is not None:
            self._inboxes.tell_existing(
                sender, lambda inbox, now: inbox.replied(session, question, now)
            )

    def when_acknowledged(self, then: Callable[[], None]) -> None:
        """Go on when what a stored reply answers is done for good."""
        store = self._services.store
        self._services.chores.add(lambda: store.when_committed(lambda _error: then()))
