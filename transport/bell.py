"""The part of the wire's vocabulary that is about doorbells: who is told that mail waits. Pure.

One doorbell per inbox. Its *cursor* is the high-water mark of unread mail, in Unix
milliseconds: it moves up whenever a message becomes ready, and never else. A
*ring* tells the agent; *noticed* is the cursor up to which it was told. Whoever
asks here has a session of kind ``door``: it speaks for no agent and looks at one.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from .letters import Ring, RingOutcome, Way

Event = Literal[
    "session_start", "prompt", "tools", "stop", "blocked", "idle", "session_end", "none"
]
"""What an agent's client reports of itself; ``blocked``: it waits for a person's permission."""


class _Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say ``frozen=True`` again in every subclass: type checkers do not inherit it."""


# ---------------------------------------------------------------- requests


class LookAtBell(_Message, frozen=True, tag="look_at_bell"):
    """Ask what waits for an agent, and report what its client does."""

    agent: str = ""
    """Its name; empty: found by ``thread``, else by the processes above the asker."""
    thread: str = ""
    """The MCP client's own id of the conversation."""
    event: Event = "none"
    source: str = ""
    """Of a session's start: ``startup``, ``resume``, ``clear`` or ``compact``."""
    way: Way = "look"
    tell: bool = False
    """The asker will tell the agent what is new: a ring, with the outcome ``shown``."""


class AwaitBell(_Message, frozen=True, tag="await_bell"):
    """Wait for the bell: answered when there is news and a ring is allowed, or time is over."""

    agent: str = ""
    thread: str = ""
    way: Way = "wait"
    after: int = 0
    """Only what is newer than this cursor is news; what was noticed never is."""
    wait_seconds: float | None = None
    """None: without end."""


AWAITS_AGENTS = 2
"""The minor version since which brokers know :class:`AwaitAgent`."""


class AwaitAgent(_Message, frozen=True, tag="await_agent"):
    """Wait until somebody is meant: answered at once when that is so, else when it has come."""

    agent: str = ""
    thread: str = ""


class NoteRing(_Message, frozen=True, tag="note_ring"):
    """Say what became of a ring."""

    agent: str
    cursor: int
    way: Way
    outcome: RingOutcome
    detail: str = ""
    """Why, in a few words, where it gave up."""


class SetBell(_Message, frozen=True, tag="set_bell"):
    """Set the doorbell of this session's own agent; a person any agent's."""

    agent: str = ""
    """Empty: this session's agent."""
    on: bool | None = None
    every_seconds: float | None = None
    """The least time between two rings; None: as it is."""


REQUESTS = (LookAtBell, AwaitBell, NoteRing, SetBell, AwaitAgent)
Request = LookAtBell | AwaitBell | NoteRing | SetBell | AwaitAgent


# ---------------------------------------------------------------- replies


class OpenTask(msgspec.Struct, frozen=True):
    """A task of the agent that has not ended."""

    task_id: int
    state: Literal["waiting", "running"]
    command: str
    """At most 80 characters of it."""


class Doorstep(_Message, frozen=True, tag="doorstep"):
    """What waits for one agent."""

    agent: str = ""
    """Its name; empty: nobody is meant, and the rest is empty too."""
    unread: int = 0
    """Messages that nobody holds."""
    unread_tasks: int = 0
    """Those of kind ``task``."""
    held: int = 0
    """Messages that were received and are not acknowledged."""
    senders: dict[str, int] = {}
    """Unread messages by sender; at most ten of these, those with the most."""
    cursor: int = 0
    noticed: int = 0
    """Before this request."""
    news: bool = False
    """There is unread mail of which the agent was not told, and it may be told now."""
    on: bool = True
    open_tasks: list[OpenTask] = []


class BellState(_Message, frozen=True, tag="bell_state"):
    """A doorbell as it is set, and its newest rings, the newest first."""

    agent: str
    on: bool
    every_seconds: float
    rings: list[Ring]


Reply = Doorstep | BellState
