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

import msgspec

from ..transport import letters
from .moment import Moment

MAX_ATTEMPTS = 5
"""Failed attempts after which a message is dead."""


class SendCall(msgspec.Struct, eq=False):
    """An open request of a sender.

    It waits for room until ``park`` (None: not at all) and for the stage
    ``goal`` until ``deadline`` (None: for ever), both on the monotonic clock.
    ``answered`` is set by whoever answers it: an awaited reply and the end of
    the waiting may come from two inboxes.
    """

    correlation: bytes
    session: bytes
    goal: letters.Goal = "stored"
    park: float | None = None
    deadline: float | None = None
    answered: bool = False
    bounced: str = ""
    """Why no reply will come."""


class Lease(msgspec.Struct, eq=False):
    """Who holds a message, and since when. Its token is new with every delivery."""

    token: bytes
    session: bytes
    since: float
    """When it was granted, on the monotonic clock: the ceiling counts from here."""
    renewed: float
    correlation: bytes = b""
    """The request that it answered."""


class Message(msgspec.Struct, eq=False):
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
    session: bytes = b""
    """Which session sent it; empty: one of an earlier broker life, or none."""
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
    call: SendCall | None = None
    """The sender's request, as long as it waits for a stage."""

    @property
    def is_open(self) -> bool:
        return self.state in ("ready", "leased")

    @property
    def size(self) -> int:
        """Bytes that count towards an inbox's limit."""
        content = self.content  # most are ASCII, and that is known without a look at them
        length = len(content) if content.isascii() else len(content.encode(errors="replace"))
        return length + len(self.metadata)

    @property
    def senders(self) -> tuple[str, int]:
        """By what its sender is found: the name it had then, and the number it keeps."""
        return self.sender, self.sender_id

    def is_over(self, now: Moment) -> bool:
        """Tell whether its time to live has passed."""
        return self.expires is not None and self.expires <= now.mono

    def hand_out(self, lease: Lease, now: Moment) -> None:
        """A receiver gets it."""
        self.state, self.lease = "leased", lease
        self.deliveries += 1
        self.delivered = self.delivered or now

    def put_back(self) -> None:
        """Nobody holds it."""
        self.state, self.lease = "ready", None

    def end(self, state: letters.State, now: Moment, reason: str = "") -> None:
        """Decide what has become of it."""
        self.state, self.lease = state, None
        self.ended, self.reason = now, reason

    def drop(self, reason: str) -> None:
        """It could not be kept: it never was."""
        self.state, self.lease = "dead", None
        self.reason = reason

    def revive(self) -> None:
        """A person puts it back: fresh attempts, and for as long as it takes."""
        self.put_back()
        self.attempts, self.expires = 0, None
        self.ended, self.reason = None, ""

    def has_reached(self, goal: letters.Goal) -> bool:
        """Tell whether its sender need not wait any more. A reply comes another way."""
        if goal == "stored":
            return True
        match self.stage():
            case "expired" | "dead":
                return True
            case "acked":
                return goal != "reply"
            case "delivered":
                return goal == "delivered"
            case "stored":
                return False

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
