"""``signalpost agents``: everybody who can get mail."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from . import exit_codes, table
from .mail_text import NAME
from .mcp_bridge.mail_fields import agent_fields
from .mcp_bridge.progress_text import duration
from .person import PERSON, act
from .transport.client import Client
from .transport.letters import AgentState
from .transport.safe_text import one_line

HEADINGS = ("NAME", "PRESENCE", "ROLE", "CLIENT", "UNREAD", "SINCE", "FOLDER")
_COLOURS = {
    "idle": "green",
    "working": "cyan",
    "blocked": "yellow",
    "online": "green",
    "gone": "dim",
}
_CLIENT, _FOLDER = 40, 200


def show_agents(data_dir: Path, *, as_json: bool) -> int:
    """Print every known agent; return the exit code."""

    async def work(client: Client) -> list[AgentState]:
        return await client.agents()

    agents = act(data_dir, work, start=True)
    if as_json:
        click.echo(json.dumps(agent_fields(agents, PERSON)))
    elif agents:
        now = time.time()
        rows = [row(agent, now) for agent in agents]
        table.show(HEADINGS, rows, lambda cells: _COLOURS[cells[1]])
    else:
        click.echo("no agents yet")
    return exit_codes.OK


def row(agent: AgentState, now: float) -> tuple[str, ...]:
    """Return the cells of one agent, harmless and of one line each.

    :param now: Unix seconds
    """
    return (
        one_line(agent.name, NAME),
        agent.presence,
        agent.role,
        one_line(agent.client, _CLIENT) or "-",
        str(agent.depth),
        duration(now - agent.since) if agent.since else "-",
        one_line(agent.working_directory, _FOLDER) or "-",
    )
