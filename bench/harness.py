"""Interleaved rounds, a table to read, and a JSON line a row to keep."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.samples import PERCENTILES, Samples, quantiles

RESULTS = Path(__file__).parent / "results"
RUN = time.strftime("%Y-%m-%dT%H:%M:%S%z")
"""Names this run in every line that it keeps."""
_terminal = Console(highlight=False)
CONSOLE = _terminal if _terminal.is_terminal else Console(highlight=False, width=140)
_said: set[str] = set()


def interleave(rounds: int, sides: Sequence[Callable[[], None]], about: str = "") -> None:
    """Run every side once a round, the order turned each time: drift hits all alike."""
    turns = [
        side
        for number in range(rounds)
        for side in (sides if number % 2 == 0 else list(reversed(sides)))
    ]
    for turn in track(turns, about or "measuring", console=CONSOLE, transient=True):
        turn()


def show(
    bench: str,
    unit: str,
    scale: float,
    sides: Sequence[Samples],
    at: tuple[str, float] | None = None,
    along: tuple[str, Sequence[float]] | None = None,
) -> None:
    """Print a table and keep its rows.

    :param scale: how many ``unit`` one of the samples' own is
    :param sides: the first is what the others are compared with
    :param at: the axis of a curve through several tables, and this one's place on it
    :param along: the axis of a curve through the rows of this one, and their places
    """
    table = _table(bench, unit)
    base = sides[0].percentile(50)
    for number, side in enumerate(sides):
        figures = {name: side.percentile(p) * scale for name, p in PERCENTILES.items()}
        ratio = side.percentile(50) / base if base else float("nan")
        cpu = {name: used / side.metered for name, used in side.cpu.items()}
        burnt = ", ".join(f"{name} {shown(used * 1e6)}" for name, used in cpu.items())
        cells = [shown(figure) for figure in figures.values()]
        table.add_row(side.name, *cells, f"{ratio:.2f}", burnt)
        more: dict[str, object] = {"axis": at[0], "x": at[1]} if at else {}
        if along:
            more = {"axis": along[0], "x": along[1][number], "curve": bench}
        if cpu:
            more |= {"cpu_seconds": side.cpu, "cpu_seconds_each": cpu}
        more["quantiles"] = [(p, _short(v)) for p, v in quantiles(side.values, scale)]
        count = len(side.values)
        keep(bench, side.name, unit=unit, **figures, ratio_p50=ratio, samples=count, **more)
    CONSOLE.print(table)


def show_figures(bench: str, unit: str, rows: Sequence[tuple[str, dict[str, float]]]) -> None:
    """Print and keep rows of single figures, each measured once."""
    table = _empty(bench, unit)
    columns = list(dict.fromkeys(name for _, figures in rows for name in figures))
    for name in columns:
        table.add_column(name, justify="right")
    for side, figures in rows:
        cells = [shown(figures[name]) if name in figures else "-" for name in columns]
        table.add_row(side, *cells)
        keep(bench, side, unit=unit, figures=figures)
    CONSOLE.print(table)


def _table(bench: str, unit: str) -> Table:
    table = _empty(bench, unit)
    for name in (*PERCENTILES, "ratio p50"):
        table.add_column(name, justify="right")
    table.add_column("CPU us each")
    return table


def _empty(bench: str, unit: str) -> Table:
    title = f"\n{bench} ({unit})"
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    table.add_column("", no_wrap=True)
    return table


def shown(figure: float) -> str:
    """Return a figure with the digits that mean something."""
    return f"{figure:,.0f}" if abs(figure) >= 100 else f"{figure:,.3g}"


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def keep(bench: str, side: str, **figures: object) -> None:
    """Add one line to ``results/NAME.jsonl``; the name is the first word of ``bench``."""
    RESULTS.mkdir(exist_ok=True)
    when = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    load = os.getloadavg()[0]
    record = {"run": RUN, "bench": bench, "side": side, **figures, "when": when, "load": load}
    with (RESULTS / f"{bench.partition(':')[0]}.jsonl").open("a") as file:
        file.write(json.dumps(record) + "\n")


def note(bench: str, text: str) -> None:
    """Print a sentence about a measure and keep it for the report."""
    CONSOLE.print(f"  {text}")
    keep(bench, "", note=text)


def missing(bench: str, peer: str, how: str = "make bench-peers") -> None:
    """Say once a measure that a peer is not installed and how to get it."""
    text = f"{peer}: not installed, left out. Install it: {how}"
    if f"{bench} {peer}" not in _said:
        _said.add(f"{bench} {peer}")
        note(f"{bench}: missing", text)
