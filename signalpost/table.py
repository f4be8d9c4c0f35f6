"""Rows under headings: a table on a terminal, aligned text everywhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import click

Cells = Sequence[str]

_ID = "ID"
"""What is copied into the next command is never cut, however narrow the terminal."""


def show(headings: Cells, rows: Sequence[Cells], style: Callable[[Cells], str]) -> None:
    """Print rows of harmless one-line cells.

    :param style: gives the colour of a row, seen on a terminal only
    """
    if sys.stdout is None or not sys.stdout.isatty():
        click.echo("\n".join(aligned([headings, *rows])))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*headings, box=None, pad_edge=False)
    for number, column in enumerate(table.columns[:-1]):
        column.no_wrap = True
        if column.header == _ID:
            column.min_width = max(len(cells[number]) for cells in [headings, *rows])
    for cells in rows:
        # as Text: a command with square brackets is no markup
        table.add_row(*map(Text, cells), style=style(cells))
    Console().print(table)


def aligned(rows: Sequence[Cells]) -> list[str]:
    """Return rows as lines with aligned columns, two spaces apart, the last one ragged."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
        for cells in rows
    ]
