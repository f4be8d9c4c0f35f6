"""``signalpost receive`` and ``inbox``: the person's mail, and a look at anybody's."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec

from . import exit_codes, table
from .mail_text import (
    NAME,
    WAITING_HEADINGS,
    delivery_fields,
    readable,
    waiting_row,
)
from .mcp_bridge.mail_fields import Json
from .mcp_bridge.progress_text import duration
from .mcp_bridge.ring_text import ring_words
from .person import act
from .printing import print_and_acknowledge
from .transport.bell import BellState
from .transport.client import Client
from .transport.letters import MAX_BATCH, Delivery, InboxState
from .transport.safe_text import one_line

_COLOURS = {"ready": "yellow", "leased": "cyan"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which mail, and how much of it at once."""

    sender: str = ""
    most: int = 1
    as_json: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at an inbox saw."""

    state: InboxState
    messages: Sequence[Delivery]
    """The oldest that are not acknowledged."""
    leased: frozenset[str]
    """The ids of those that somebody holds."""
    bell: BellState


def receive(data_dir: Path, wanted: Wanted, wait_seconds: float | None) -> int:
    """Print the person's mail, acknowledge it, and return the exit code: 1 when none came.

    :param wait_seconds: None: until there is some
    """

    async def work(client: Client) -> int:
        came = await client.take(
            wait_seconds=wait_seconds, sender=wanted.sender, max_messages=wanted.most
        )
        await print_and_acknowledge(client, _text(came.messages, wanted), came.messages)
        return exit_codes.OK if came.messages else exit_codes.WRONG

    return act(data_dir, work, start=True)


def peek(data_dir: Path, wanted: Wanted) -> int:
    """Print the person's mail and leave it there; return the exit code: 1 when there is none."""

    async def work(client: Client) -> list[Delivery]:
        return await client.peek(sender=wanted.sender, max_messages=wanted.most)

    messages = act(data_dir, work, start=True)
    if not messages:
        return exit_codes.WRONG
    click.echo(_text(messages, wanted))
    return exit_codes.OK


def show_inbox(data_dir: Path, agent: str, *, as_json: bool) -> int:
    """Print what waits in an inbox and who holds it, taking nothing; return the exit code."""

    async def work(client: Client) -> Look:
        states = await client.inboxes(agent)
        messages = await client.peek(agent, max_messages=MAX_BATCH)
        held = await client.history(agent=agent, state="leased", limit=MAX_BATCH)
        bell = await client.set_bell(agent)
        return Look(states[0], messages, frozenset(message.id for message in held), bell)

    look = act(data_dir, work, start=True)
    if as_json:
        click.echo(json.dumps(as_value(look)))
        return exit_codes.OK
    now = time.time()
    click.echo(", ".join([summary(look.state), *bell_parts(look.bell, now)]))
    if look.messages:
        rows = [waiting_row(m, leased=m.id in look.leased, now=now) for m in look.messages]
        table.show(WAITING_HEADINGS, rows, lambda cells: _COLOURS[cells[5]])
    if (more := look.state.depth - len(look.messages)) > 0:
        click.echo(f"and {more} more")
    return exit_codes.OK


def as_value(look: Look) -> Json:
    """Return an inbox as JSON shows it."""
    messages = [
        {**delivery_fields(message), "leased": message.id in look.leased}
        for message in look.messages
    ]
    state: Json = msgspec.to_builtins(look.state)
    bell: Json = msgspec.to_builtins(look.bell)
    return {**state, "messages": messages, "doorbell": bell}


def summary(state: InboxState) -> str:
    """Return how full an inbox is, in one line."""
    parts = [f"{one_line(state.agent, NAME)}: {state.depth} of {state.max_size} unread"]
    if state.in_flight:
        parts.append(f"{state.in_flight} leased")
    if state.oldest_age is not None:
        parts.append(f"oldest {duration(state.oldest_age)}")
    if state.waiting_senders:
        parts.append(f"{state.waiting_senders} senders wait for room")
    if state.dead_letters:
        parts.append(f"{state.dead_letters} dead letters")
    return ", ".join(parts)


def bell_parts(bell: BellState, now: float) -> list[str]:
    """Return what is to be said of an agent's doorbell beside its inbox.

    :param now: Unix seconds
    """
    newest = [f"{ring_words(ring)} {duration(now - ring.at)} ago" for ring in bell.rings[:1]]
    return newest if bell.on else ["doorbell off", *newest]


def _text(messages: Sequence[Delivery], wanted: Wanted) -> str:
    """Return messages for people, or one JSON object a line."""
    if wanted.as_json:
        return "\n".join(json.dumps(delivery_fields(message)) for message in messages)
    return "\n\n".join(map(readable, messages))
