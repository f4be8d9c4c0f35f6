"""``signalpost dead``: the mail that could not be delivered, and what becomes of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import click

from . import exit_codes, table
from .mail_text import DEAD_HEADINGS, dead_row, stored_fields
from .notice import say
from .person import act
from .transport.client import Client
from .transport.errors import from_code
from .transport.letters import Settled, StoredMessage
from .transport.safe_text import one_line

AT_ONCE = 100
_DETAIL = 500

Fate = Literal["redrive", "purge"]
_DONE: dict[Fate, str] = {"redrive": "redriven", "purge": "purged"}


def show_dead(data_dir: Path, agent: str, limit: int, *, as_json: bool) -> int:
    """Print the newest dead letters, of one agent or all; return the exit code."""

    async def work(client: Client) -> list[StoredMessage]:
        return await client.history(agent=agent, state="dead", limit=limit)

    letters = act(data_dir, work, start=True)
    if as_json:
        click.echo(json.dumps([stored_fields(letter) for letter in letters]))
    elif letters:
        table.show(DEAD_HEADINGS, [dead_row(letter) for letter in letters], lambda _: "red")
    else:
        click.echo("no dead letters")
    return exit_codes.OK


def settle(data_dir: Path, ids: Sequence[str], fate: Fate) -> int:
    """Redrive or purge dead letters, all of them when none is named; return the exit code."""

    async def work(client: Client) -> int:
        return await (_these(client, ids, fate) if ids else _all(client, fate))

    return act(data_dir, work, start=True)


def confirmed(ids: Sequence[str]) -> bool:
    """Ask the person whether they shall be deleted; where nobody can answer, say what to do."""
    what = f"{len(ids)} dead letters" if ids else "every dead letter"
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        say(f"nothing is purged. To delete {what} for good: --yes")
        return False
    return click.confirm(f"Delete {what} for good?", err=True)


async def _all(client: Client, fate: Fate) -> int:
    """Go on until there are none but those that were refused."""
    tried: set[str] = set()
    codes: list[int] = [exit_codes.OK]
    before: float | None = None
    while letters := await client.history(state="dead", limit=AT_ONCE, before=before):
        ids = [letter.id for letter in letters if letter.id not in tried]
        if ids:
            tried.update(ids)
            codes.append(await _these(client, ids, fate))
        else:
            before = letters[-1].sent_at  # all of these were refused: look behind them
    if not tried:
        click.echo("no dead letters")
    return max(codes)


async def _these(client: Client, ids: Sequence[str], fate: Fate) -> int:
    work = client.redrive if fate == "redrive" else client.purge
    return max(_told(settled, fate) for settled in await work(list(ids)))


def _told(settled: Settled, fate: Fate) -> int:
    if not settled.code:
        click.echo(f"{_DONE[fate]} {settled.message_id}")
        return exit_codes.OK
    say(f"{settled.code}: {settled.message_id}: {one_line(settled.detail, _DETAIL)}")
    return exit_codes.of_error(from_code(settled.code, settled.detail))
