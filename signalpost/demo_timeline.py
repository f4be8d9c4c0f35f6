"""What the demo shows: a line for everything that happens, and a table at the end."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import click

from .table import aligned
from .transport.safe_text import safe_text

COLUMNS = 80
_COLOURS = ("cyan", "yellow", "magenta", "green")
_HEADINGS = ("AGENT", "QUEUE", "WAITED", "RAN", "RESULT")
_NOTE_HEADINGS = ("FROM", "TO", "TYPE", "STAGE", "TEXT")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the closing table; times in seconds."""

    agent: str
    queue_name: str
    waited: float
    ran: float
    result: str


@dataclass(frozen=True, slots=True)
class Note:
    """One message in the closing table."""

    sender: str
    to: str
    kind: str
    stage: str
    text: str


class Timeline:
    """Writes to standard output as it is told. ``clock`` gives seconds.

    :param agents: who has a colour of its own, on a terminal
    """

    def __init__(self, clock: Callable[[], float], agents: Sequence[str]) -> None:
        self._clock = clock
        self._began = clock()
        self._colours = dict(zip(agents, _COLOURS, strict=False))
        self._width = max(map(len, agents))

    def say(self, text: str) -> None:
        """Write a paragraph that belongs to no agent."""
        click.echo(textwrap.fill(text, COLUMNS, break_on_hyphens=False))

    def tell(self, agent: str, text: str) -> None:
        """Write what has just happened to an agent; a long line goes on below itself."""
        margin = f"{self._clock() - self._began:6.1f}s  "
        room = COLUMNS - len(margin) - self._width - 2
        first, *more = textwrap.wrap(safe_text(text), room, break_on_hyphens=False) or [""]
        click.echo(f"{margin}{self._name(agent)}  {first}")
        for line in more:
            click.echo(" " * (COLUMNS - room) + line)

    def table(self, rows: Sequence[Row]) -> None:
        """Write who waited and ran for how long, and how it ended."""
        cells = [
            (r.agent, r.queue_name, _seconds(r.waited), _seconds(r.ran), r.result) for r in rows
        ]
        self._table(_HEADINGS, cells)

    def messages(self, notes: Sequence[Note]) -> None:
        """Write who sent what to whom, and how far it came."""
        self._table(_NOTE_HEADINGS, [(n.sender, n.to, n.kind, n.stage, n.text) for n in notes])

    def _table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write rows in the colour of the agent whose name comes first."""
        heading, *lines = aligned([headings, *rows])
        click.echo()
        click.echo(click.style(heading, bold=True))
        for row, line in zip(rows, lines, strict=True):
            click.echo(click.style(line[:COLUMNS], fg=self._colours.get(row[0])))

    def _name(self, agent: str) -> str:
        return click.style(agent.ljust(self._width), fg=self._colours.get(agent))


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f}s"
