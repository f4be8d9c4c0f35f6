"""The part of the wire's vocabulary that is about agents and their mail. Pure.

The rest, and what holds for all of it, is in :mod:`messages`; what these are
made of is in :mod:`letters`.
"""

from __future__ import annotations

import msgspec

from .letters import (
    AgentState,
    Delivery,
    Goal,
    Held,
    InboxState,
    Kind,
    Outcome,
    Refusal,
    Role,
    SentMessage,
    Settled,
    State,
    StoredMessage,
)


class _Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say ``frozen=True`` again in every subclass: type checkers do not inherit it."""


# ---------------------------------------------------------------- requests


class Register(_Message, frozen=True, tag="register"):
    """Give this session's agent a name, or another one; its mail comes along."""

    name: str
    role: Role = "both"
    description: str = ""
    inbox_bound: int | None = None
    """How many unacknowledged messages its inbox takes; None: the broker's setting."""


class Unregister(_Message, frozen=True, tag="unregister"):
    """Remove this session's agent. Refused while mail waits, unless ``force``."""

    force: bool = False


class ListAgents(_Message, frozen=True, tag="list_agents"):
    """Ask for every known agent."""


class Send(_Message, frozen=True, tag="send"):
    """Post a message. Answered when it is on disk, or has reached ``wait_for``."""

    to: list[str]
    """Names, ``*``, ``role:ROLE`` or ``any:role:ROLE``."""
    content: str
    kind: Kind = "task"
    metadata: bytes = b""
    in_reply_to: str = ""
    ttl_seconds: float | None = None
    wait_for: Goal = "stored"
    wait_seconds: float | None = None
    """Answer with the stage reached after so long; None: never."""
    park_seconds: float = 20
    """Wait so long for room in a full inbox; only with a single name."""


class Receive(_Message, frozen=True, tag="receive"):
    """Take the oldest mail that fits, under a lease, or wait for some."""

    wait_seconds: float | None = 5
    """None: until there is some."""
    sender: str = ""
    in_reply_to: str = ""
    max_messages: int = 1
    acknowledge: list[Held] = []
    """Acknowledged before anything is taken."""


class Settle(_Message, frozen=True, tag="settle"):
    """Say what became of leased messages."""

    messages: list[Held]
    outcome: Outcome = "ack"


class Extend(_Message, frozen=True, tag="extend"):
    """Renew the leases of messages that are still worked on."""

    messages: list[Held]


class Peek(_Message, frozen=True, tag="peek"):
    """Look at unacknowledged mail without taking it: one's own, a person anybody's."""

    agent: str = ""
    """Empty: this session's agent."""
    sender: str = ""
    in_reply_to: str = ""
    max_messages: int = 1


class ReadMessage(_Message, frozen=True, tag="read_message"):
    """Ask for one message sent to or by this session's agent; a person for any."""

    message_id: str


class InboxStatus(_Message, frozen=True, tag="inbox_status"):
    """Ask how full inboxes are."""

    agent: str = ""
    """Empty: all."""


class History(_Message, frozen=True, tag="history"):
    """Search messages, whatever became of them: one's own, a person everybody's."""

    search: str = ""
    """Words that must all occur in content, sender or recipient; empty: any."""
    agent: str = ""
    """Only what it sent or got; empty: any."""
    state: State | None = None
    limit: int = 20
    before: float | None = None
    """Only what was sent earlier, in Unix seconds."""


class Redrive(_Message, frozen=True, tag="redrive"):
    """Put dead letters back into their inboxes with fresh attempts (people only)."""

    message_ids: list[str]


class Purge(_Message, frozen=True, tag="purge"):
    """Delete dead letters for good (people only)."""

    message_ids: list[str]


Effective = Send | Settle | Register | Unregister | Redrive | Purge
"""Requests that take effect, once per correlation."""
REQUESTS = (  # what is asked most comes first
    Send,
    Receive,
    Settle,
    Register,
    Unregister,
    ListAgents,
    Extend,
    Peek,
    ReadMessage,
    InboxStatus,
    History,
    Redrive,
    Purge,
)
Request = (
    Register
    | Unregister
    | ListAgents
    | Send
    | Receive
    | Settle
    | Extend
    | Peek
    | ReadMessage
    | InboxStatus
    | History
    | Redrive
    | Purge
)


# ---------------------------------------------------------------- replies


class Registered(_Message, frozen=True, tag="registered"):
    """The agent as it is now."""

    name: str
    role: Role
    description: str
    inbox_bound: int


class Agents(_Message, frozen=True, tag="agents"):
    """Every known agent, by name."""

    agents: list[AgentState]


class Sent(_Message, frozen=True, tag="sent"):
    """What became of a ``send``."""

    sent: list[SentMessage]
    refused: list[Refusal] = []
    reply: Delivery | None = None
    """The awaited reply, under a lease."""
    bounced: str = ""
    """Why no reply will come; empty: one may."""


class Deliveries(_Message, frozen=True, tag="deliveries"):
    """Mail; none: nothing came in time, or there is nothing to look at."""

    messages: list[Delivery]
    acknowledged: list[Settled] = []
    """What became of those that the request acknowledged."""


class SettledAll(_Message, frozen=True, tag="settled"):
    """What became of each message of a request."""

    messages: list[Settled]


class Inboxes(_Message, frozen=True, tag="inboxes"):
    """Inboxes by agent."""

    inboxes: list[InboxState]


class StoredMessages(_Message, frozen=True, tag="stored_messages"):
    """Messages as the store has them, newest first."""

    messages: list[StoredMessage]


Reply = Registered | Agents | Sent | Deliveries | SettledAll | Inboxes | StoredMessages


# ---------------------------------------------------------------- pushes


class Superseded(_Message, frozen=True, tag="superseded"):
    """Another session of the same client acts for this agent now; this one does no more."""

    agent: str


Push = Superseded
