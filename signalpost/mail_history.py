"""``signalpost history``: messages, whatever became of them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click

from . import exit_codes, table
from .mail_text import STORED_HEADINGS, stored_fields, stored_row
from .person import act
from .transport.client import Client
from .transport.errors import BadRequest
from .transport.letters import State, StoredMessage

_COLOURS = {"ready": "yellow", "leased": "cyan", "done": "green", "expired": "dim", "dead": "red"}
_UNIX_SECONDS = re.compile(r"\d{9,}(\.\d*)?")


@dataclass(frozen=True, slots=True)
class Search:
    """Which messages."""

    words: str = ""
    agent: str = ""
    state: State | None = None
    limit: int = 20
    before: float | None = None


def show_history(data_dir: Path, search: Search, *, as_json: bool) -> int:
    """Print the messages, newest first; return the exit code."""

    async def work(client: Client) -> list[StoredMessage]:
        return await client.history(
            search.words,
            agent=search.agent,
            state=search.state,
            limit=search.limit,
            before=search.before,
        )

    messages = act(data_dir, work, start=True)
    if as_json:
        click.echo(json.dumps([stored_fields(message) for message in messages]))
    elif messages:
        rows = [stored_row(message) for message in messages]
        table.show(STORED_HEADINGS, rows, lambda cells: _COLOURS[cells[5].partition(",")[0]])
    else:
        click.echo("no messages")
    return exit_codes.OK


def moment(text: str) -> float:
    """Return the Unix seconds that a person means: a date, a time of day too, or the number.

    :raises BadRequest: it is none of them
    """
    if _UNIX_SECONDS.fullmatch(text):
        return float(text)
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise BadRequest(
            f"{text!r} is no time. Write one as 2026-03-01, or '2026-03-01 14:30:00'."
        ) from error
