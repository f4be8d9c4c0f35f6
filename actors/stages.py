"""What a sender is told of a message: how far it has come, and how its receiver was told."""

from __future__ import annotations

from ..transport import letters
from .doorbells import Doorbells
from .message import Message
from .registry import Registry
from .standing import Standing


class Stages:
    """Looks at messages as their senders see them."""

    def __init__(self, registry: Registry, standing: Standing, bells: Doorbells) -> None:
        self._registry = registry
        self._standing = standing
        self._bells = bells

    def of(self, message: Message) -> letters.SentMessage:
        """Return how far a message has come."""
        recipient = self._registry.by_id(message.agent_id)
        return letters.SentMessage(
            name=recipient.name if recipient is not None else message.to,
            message_id=message.id,
            stage=message.stage(),
            presence="gone" if recipient is None else self._standing.presence(recipient),
            rung=self._rung(message),
        )

    def _rung(self, message: Message) -> letters.Ring | None:
        """Return the newest ring that told of a message, before anybody took it."""
        delivered = message.delivered.wall if message.delivered else None
        found = self._bells.covering(message.agent_id, message.sent.wall, delivered)
        return found[0] if found else None
