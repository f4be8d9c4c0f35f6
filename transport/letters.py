"""What the messages about mail are made of: limits, stages, and the structs inside. Pure."""

from __future__ import annotations

from typing import Literal

import msgspec

MAX_CONTENT = 256 * 1024
"""Bytes of a message's content as UTF-8."""
MAX_METADATA = 16 * 1024
"""Bytes of a message's metadata as JSON."""
MAX_BATCH = 32
"""Messages in one reply to ``receive``."""

Kind = Literal["task", "result", "status", "error", "ping"]
Role = Literal["publisher", "consumer", "both"]
Presence = Literal["online", "idle", "working", "blocked", "gone"]
"""``idle``: waits for mail; ``working``: has an open task, unacknowledged mail or a prompt;
``blocked``: its client waits for a person."""
Stage = Literal["stored", "delivered", "acked", "expired", "dead"]
"""How far a message has come. The last three are final."""
State = Literal["ready", "leased", "done", "expired", "dead"]
Goal = Literal["stored", "delivered", "acked", "reply"]
"""What the sender of a message waits for."""
Outcome = Literal["ack", "nack", "return"]
"""``nack`` counts as a failed attempt, ``return`` does not."""
Way = Literal[
    "look",
    "hook:session-start",
    "hook:prompt",
    "hook:tools",
    "hook:stop",
    "wait",
    "pty",
    "plugin",
    "channel",
    "queue",
    "probe",
]
"""How an agent is told that mail waits."""
RingOutcome = Literal["shown", "woke", "typed", "read", "held", "gave_up"]
"""``shown``: put before the model; ``woke``: its client is told to go on; ``typed``: written into
its terminal or queue; ``read``: and the inbox has moved since; ``held``: it was kept from stopping."""


class Ring(msgspec.Struct, frozen=True, kw_only=True):
    """One time that an agent was told, or was to be told, that mail waits."""

    at: float
    way: Way
    outcome: RingOutcome
    cursor: int
    """Mail up to here was meant."""
    detail: str = ""


class Held(msgspec.Struct, frozen=True):
    """A message that a receiver holds, and the lease under which it does."""

    message_id: str
    lease: bytes = b""
    """Empty: whatever lease this session has on it."""


class Settled(msgspec.Struct, frozen=True):
    """What became of one message of a request."""

    message_id: str
    code: str = ""
    """Empty: it took effect; else an error's code."""
    detail: str = ""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A message as its receiver gets it."""

    id: str
    sender: str
    """Stamped by the broker."""
    to: str
    kind: Kind
    content: str
    sent_at: float
    metadata: bytes = b""
    """A JSON object; empty: none."""
    in_reply_to: str = ""
    attempt: int = 1
    redelivered: bool = False
    lease: bytes = b""
    """What acknowledges it; empty: it was only looked at."""


class SentMessage(msgspec.Struct, frozen=True):
    """One accepted message and how far it has come."""

    name: str
    message_id: str
    stage: Stage
    presence: Presence
    """Of the recipient."""
    rung: Ring | None = None
    """The newest ring that told its receiver of it, before it was delivered."""


class Refusal(msgspec.Struct, frozen=True):
    """One recipient that did not get the message."""

    name: str
    code: str
    detail: str


class AgentState(msgspec.Struct, frozen=True, kw_only=True):
    """One agent as others see it."""

    name: str
    role: Role
    description: str
    presence: Presence
    client: str
    pid: int
    """Of the process that speaks for it; 0: none does."""
    working_directory: str
    since: float
    """When it came or went last."""
    depth: int
    """Unacknowledged messages in its inbox."""


class InboxState(msgspec.Struct, frozen=True, kw_only=True):
    """How full an inbox is."""

    agent: str
    depth: int
    """Unacknowledged messages, leased ones among them."""
    max_size: int
    in_flight: int
    """Leased ones."""
    oldest_age: float | None
    """Seconds since the oldest of them was sent; None: there is none."""
    waiting_senders: int = 0
    dead_letters: int = 0


class StoredMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message as the store has it, whatever became of it."""

    id: str
    sender: str
    to: str
    kind: Kind
    content: str
    metadata: bytes
    in_reply_to: str
    sent_at: float
    state: State
    attempts: int
    """Failed ones that count."""
    delivered_at: float | None
    ended_at: float | None
    reason: str
    """Why it is dead."""
    rings: list[Ring] = []
    """Those that told its receiver of it, the newest first."""
