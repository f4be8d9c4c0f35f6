"""One message as it is kept in the store. Pure."""

from __future__ import annotations

import msgspec

from ..transport.letters import Kind, State


class MessageRow(msgspec.Struct, frozen=True, kw_only=True):
    """A message after its latest change. Times of day are Unix seconds."""

    seq: int
    """Its place: the order of acceptance."""
    id: str
    agent_id: int
    """Whose inbox it is in."""
    sender: str
    sender_id: int
    recipient: str
    kind: Kind
    in_reply_to: str = ""
    hops: int = 0
    request_id: bytes
    """The correlation of the request that sent it."""
    task_id: int | None = None
    """The task whose result it is."""
    sent_at: float
    expires_at: float | None = None
    state: State = "ready"
    attempts: int = 0
    deliveries: int = 0
    delivered_at: float | None = None
    ended_at: float | None = None
    reason: str = ""
    metadata: bytes = b""
    content: str

    @property
    def is_open(self) -> bool:
        """Whether somebody may still get it."""
        return self.state in ("ready", "leased")
