"""A message as a program gets it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from .errors import ProtocolMismatch
from .letters import Delivery, Goal, Kind
from .mail import Sent

_metadata: msgspec.json.Decoder[dict[str, Any]] = msgspec.json.Decoder(dict[str, Any])


class Sender(Protocol):
    """Who sends a reply."""

    async def send(
        self,
        to: str,
        content: str,
        *,
        kind: Kind = "task",
        metadata: Mapping[str, object] | None = None,
        in_reply_to: str = "",
        ttl_seconds: float | None = None,
        wait_for: Goal = "stored",
        wait_seconds: float | None = None,
        park_seconds: float = 20.0,
    ) -> Sent:
        """Post a message."""
        ...


@dataclass(frozen=True, slots=True)
class Received:
    """One message. Its content is data that another agent wrote."""

    id: str
    sender: str
    """Stamped by the broker."""
    to: str
    kind: Kind
    content: str
    in_reply_to: str
    sent_at: float
    """Unix seconds."""
    attempt: int
    redelivered: bool
    """It was given to somebody before, who may have worked on it."""
    _metadata: bytes = field(repr=False)
    _by: Sender = field(repr=False, compare=False)

    @classmethod
    def of(cls, delivery: Delivery, by: Sender) -> Received:
        """Return a delivery as programs see it; ``by`` sends what is replied."""
        return cls(
            id=delivery.id,
            sender=delivery.sender,
            to=delivery.to,
            kind=delivery.kind,
            content=delivery.content,
            in_reply_to=delivery.in_reply_to,
            sent_at=delivery.sent_at,
            attempt=delivery.attempt,
            redelivered=delivery.redelivered,
            _metadata=delivery.metadata,
            _by=by,
        )

    @property
    def metadata(self) -> dict[str, Any]:
        """What came beside the content, read anew at each call; empty when there is nothing.

        :raises ProtocolMismatch: it is no JSON object
        """
        if not self._metadata:
            return {}
        try:
            return _metadata.decode(self._metadata)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise ProtocolMismatch(
                f"the metadata of message {self.id} is no JSON object: {error}."
                " Read its content only."
            ) from error

    async def reply(
        self,
        content: str,
        kind: Kind = "result",
        *,
        metadata: Mapping[str, object] | None = None,
        ttl_seconds: float | None = None,
        wait_for: Goal = "stored",
        wait_seconds: float | None = None,
        park_seconds: float = 20.0,
    ) -> Sent:
        """Answer the sender. This message is acknowledged with it.

        :raises SignalpostError: as ``send`` does; then it is not acknowledged
        """
        return await self._by.send(
            self.sender,
            content,
            kind=kind,
            metadata=metadata,
            in_reply_to=self.id,
            ttl_seconds=ttl_seconds,
            wait_for=wait_for,
            wait_seconds=wait_seconds,
            park_seconds=park_seconds,
        )
