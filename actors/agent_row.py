"""One agent as it is kept in the store. Pure."""

from __future__ import annotations

import msgspec

from ..transport.letters import Role
from .agent import Agent


class AgentRow(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an agent while nobody speaks for it."""

    id: int
    """For ever the same, and never given to another."""
    name: str
    role: Role = "both"
    description: str = ""
    inbox_bound: int | None = None
    """None: the broker's setting."""
    named: bool = False
    """Whether it has chosen its name; one that has not is forgotten after a time."""
    thread: str = ""
    """What its client calls the conversation, to know it again after a resume."""
    client: str = ""
    pid: int = 0
    """Of the process that speaks for it; of an earlier broker life: spoke, when that ended."""
    pid_started: float = 0.0
    working_directory: str = ""
    since: float
    """When it came or went last, in Unix seconds."""
    acted: bool = True
    """False: its name was made and it has asked for nothing yet. Not kept up for a named one."""


def row_of_agent(agent: Agent) -> AgentRow:
    """Return what is kept of an agent. Its sessions never are."""
    return AgentRow(
        id=agent.id,
        name=agent.name,
        role=agent.role,
        description=agent.description,
        inbox_bound=agent.inbox_bound,
        named=agent.named,
        thread=agent.thread,
        client=agent.client,
        pid=agent.pid,
        pid_started=agent.pid_started,
        working_directory=agent.working_directory,
        since=agent.since,
        acted=agent.acted,
    )


def agent_of(row: AgentRow) -> Agent:
    """Return an agent of an earlier broker life, for whom nobody speaks yet."""
    return Agent(**msgspec.structs.asdict(row))
