"""One message in an inbox: what was sent, who holds it, what became of it. Pure.

            put                receive
  (sender) ─────> READY ──────────────────> LEASED ── ack ──────────> DONE
                    ^ │ │                     │  │
                    │ │ └─ ttl ─> EXPIRED <───┘  │ nack, lease end, death of the receiver,
                    │ └─ inbox removed ─> DEAD   │ cancel, clean end, restart of the broker
                    │                       ^    v
                    └── less than 5 ────────┴── failed attempts that count
                        at its old place

A leased message whose time has come expires when its lease ends without an
acknowledgement. DONE, EXPIRED and DEAD are final; only a person puts a DEAD
one back, as a READY one with fresh attempts.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..transport import letters
from .moment import Moment

MAX_ATTEMPTS = 5
"""Failed attempts after which a message is dead."""


@dataclass(slots=True, eq=False)
class SendCall:
    """An open request of a sender.

    It waits for room until ``park`` and for the stage ``goal`` until
    ``deadline``, both on the monotonic clock; None: for ever. ``answered`` is
    set by whoever answers it: an awaited reply and the end of the waiting may
    come from two inboxes.
    """

    correlation: bytes
    session: bytes
    goal: letters.Goal = "stored"
    park: float | None = None
    deadline: float | None = None
    answered: bool = False


@dataclass(slots=True, eq=False)
class Lease:
    """Who holds a message, and since when. Its token is new with every delivery."""

    token: bytes
    session: bytes
    since: float
    """When it was granted, on the monotonic clock: the ceiling counts from here."""
    renewed: float


@dataclass(slots=True, eq=False)
class Message:
    """Everything about one message. ``seq`` is its place: the order of acceptance."""

    seq: int
    id: str
    agent_id: int
    """Whose inbox it is in."""
    sender: str
    sender_id: int
    """The agent who sent it; 0: no agent."""
    to: str
    kind: letters.Kind
    content: str
    request_id: bytes
    """Correlation of the request that sent it."""
    sent: Moment
    metadata: bytes = b""
    in_reply_to: str = ""
    hops: int = 0
    """How many replies lie before it."""
    task_id: int | None = None
    """The task whose result it is."""
    expires: float | None = None
    """On the monotonic clock."""
    state: letters.State = "ready"
    attempts: int = 0
    """Failed ones that count."""
    deliveries: int = 0
    lease: Lease | None = None
    stored: bool = False
    """Whether it is on disk."""
    delivered: Moment | None = None
    ended: Moment | None = None
    reason: str = ""
    call: SendCall | None = field(default=None)
    """The sender's request, as long as it waits for a stage."""

    @property
    def is_open(self) -> bool:
        return self.state in ("ready", "leased")

    @property
    def size(self) -> int:
        """Bytes that count towards an inbox's limit."""
        return len(self.content) + len(self.metadata)

    def stage(self) -> letters.Stage:
        """Return how far it has come, as its sender is told."""
        match self.state:
            case "done":
                return "acked"
            case "expired":
                return "expired"
            case "dead":
                return "dead"
            case "ready" | "leased":
                return "delivered" if self.deliveries else "stored"

    def delivery(self) -> letters.Delivery:
        """Return it as its receiver gets it."""
        return letters.Delivery(
            id=self.id,
            sender=self.sender,
            to=self.to,
            kind=self.kind,
            content=self.content,
            sent_at=self.sent.wall,
            metadata=self.metadata,
            in_reply_to=self.in_reply_to,
            attempt=self.attempts + 1,
            redelivered=self.deliveries > (1 if self.lease else 0),
            lease=self.lease.token if self.lease else b"",
        )
