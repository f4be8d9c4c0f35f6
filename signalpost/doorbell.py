"""``signalpost doorbell``: how an agent is told of mail, and its newest rings."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click
import msgspec

from . import exit_codes, table
from .mail_text import NAME
from .mcp_bridge.progress_text import duration
from .mcp_bridge.ring_text import ring_words
from .person import PERSON, act
from .transport.bell import BellState
from .transport.client import Client
from .transport.letters import Ring
from .transport.safe_text import one_line

HEADINGS = ("AGO", "WAY", "OUTCOME", "WHAT")
SHOWN = 10
_COLOURS = {"gave_up": "red", "typed": "yellow", "read": "green", "shown": "green"}


def doorbell(
    data_dir: Path, agent: str, on: bool | None, every: float | None, *, as_json: bool
) -> int:
    """Set a doorbell, or leave it as it is, and print it; return the exit code.

    :param agent: empty: the agent whose client has started this, else the person
    """

    async def work(client: Client) -> BellState:
        name = agent or (await client.look_at_bell()).agent or PERSON
        return await client.set_bell(name, on=on, every_seconds=every)

    state = act(data_dir, work, start=True)
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(state)))
        return exit_codes.OK
    click.echo(as_line(state))
    if state.rings:
        now = time.time()
        rows = [row(ring, now) for ring in state.rings[:SHOWN]]
        table.show(HEADINGS, rows, lambda cells: _COLOURS.get(cells[2], ""))
    return exit_codes.OK


def as_line(state: BellState) -> str:
    """Return how a doorbell is set."""
    name = one_line(state.agent, NAME)
    if not state.on:
        return f"{name}: doorbell off, nobody tells it of mail"
    return f"{name}: doorbell on, rung at most every {state.every_seconds:g} s"


def row(ring: Ring, now: float) -> tuple[str, ...]:
    """Return the cells of one ring.

    :param now: Unix seconds
    """
    return (duration(now - ring.at), ring.way, ring.outcome, ring_words(ring))
