"""What a session says when it comes, and what the registry makes of it. Pure."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from .agent import Agent, Holder, SpeakerKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A session and for whom it wants to speak."""

    session: bytes
    kind: SpeakerKind
    agent: str = ""
    """The name it was given; empty: none."""
    thread: str = ""
    """The MCP client's own id of the conversation; empty: it tells none."""
    label: str = ""
    """``folder/client``: what the name of an unnamed agent is made of."""
    client: str = ""
    pid: int = 0
    pid_started: float = 0.0
    working_directory: str = ""
    client_process: Hashable | None = None
    """What tells the MCP client behind a bridge from every other process."""

    @property
    def holder(self) -> Holder:
        return Holder(self.kind, self.client_process)


@dataclass(frozen=True, slots=True)
class Claim:
    """For whom a session speaks now."""

    agent: Agent | None
    """None: it is no agent."""
    superseded: tuple[bytes, ...] = ()
    """Sessions that no longer speak for it."""
    created: bool = False
    left: Agent | None = None
    """Another agent, for whom nobody speaks any more since this session does not."""


@dataclass(frozen=True, slots=True)
class Naming:
    """What an agent is after it took a name."""

    agent: Agent
    former: Agent | None = None
    """What it was before: not known any more, its mail is the agent's now."""
    superseded: tuple[bytes, ...] = ()
    """Sessions that no longer speak for it."""
