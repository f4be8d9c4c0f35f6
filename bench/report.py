"""``python -m bench report``: docs/benchmarks.md and its plots from the JSON lines."""

from __future__ import annotations

import importlib
import os
import platform
import re
import sys
from pathlib import Path

import zmq

from bench import peers
from bench.__main__ import MEASURES
from bench.goals import GOALS
from bench.harness import CONSOLE, shown
from bench.plots import Plots
from bench.results import Line, curves, latest, tables
from bench.samples import PERCENTILES

DOCS = Path(__file__).parent.parent / "docs"
FOLDER = DOCS / "benchmarks"
DISTRIBUTIONS = ("latency: 1024 bytes", "handover: after 50 ms of work", "mcp: 64 bytes")
PROGRAMS = ("redis-server", "nats-server", "tsp", "nq", "sem", "agent-task-queue")
_HEAD = """# Benchmarks

Written by `python -m bench report` from the JSON lines of the runs below; do not edit it by hand.

```sh
make bench-peers              # what we are compared with: into .peers and .venv, nothing else
make bench                    # every measure, and its plots into bench/results/
python -m bench latency       # one
python -m bench report        # this page and its plots
```

Read the ratios, never the bare times: all sides of a table ran in turn on the same machine in the same
run, and a busy machine slows them all. The first row is what the others are compared with. `CPU us each`
is CPU time per sample by process; `client` is the process that measures. Percentiles are by nearest rank.
"""


_FLOORS = """\
*Floor*: our socket, codec and store, and no rules. *Least*: the floor, and in straight lines what no inbox
of this promise can leave out. Where these miss a goal, no broker of this make reaches it.
"""


def main() -> None:
    """Write the page, unless that would take the figures of some measure away."""
    if missing := [name for name in MEASURES if not latest(name)]:
        sys.exit(f"nothing is written: not measured here: {', '.join(missing)}. Run: make bench")
    path = DOCS / "benchmarks.md"
    path.write_text(page(FOLDER))
    CONSOLE.print(f"  {path}")


def page(folder: Path) -> str:
    """Return the page, and draw its plots into a folder."""
    plots = Plots(folder)
    if not plots.available:
        CONSOLE.print("  matplotlib: not installed, no plots. Install it: make bench-peers")
    parts = [_HEAD, _machine(), _goals()]
    parts += [_measure(name, about, plots) for name, about in MEASURES.items()]
    return "\n".join(parts).rstrip() + "\n"


def _machine() -> str:
    versions = [peers.version(name) or f"{name}: not installed" for name in PROGRAMS]
    what = f"{os.cpu_count()} cores, {platform.system()} {platform.release()} {platform.machine()}"
    python = f"Python {sys.version.split()[0]}, libzmq {zmq.zmq_version()}"
    return f"Machine: {what}; {python}. Compared with: {'; '.join(versions)}.\n"


def _goals() -> str:
    rows = [f"| {goal.what} | {goal.wanted} | {goal.found()} |" for goal in GOALS]
    return "\n".join(["## Goals\n", _FLOORS, "| what | goal | found |", "|---|---|---|", *rows, ""])


def _measure(name: str, about: str, plots: Plots) -> str:
    lines = latest(name)
    parts = [f"## {name}: {about}\n", _described(name)]
    if not lines:
        return "\n".join([*parts, f"Not measured yet: `python -m bench {name}`.\n"])
    parts.append(_run(name, lines))
    for bench, rows in tables(lines).items():
        parts.append(_table(bench, rows))
        if plots.available and bench in DISTRIBUTIONS:
            file = plots.distribution(_file(bench), bench, rows)
            parts.append(f"![{bench}](benchmarks/{file})\n")
    parts += [f"- {line['note']}" for line in lines if "note" in line]
    if plots.available:
        parts += _curves(name, lines, plots)
    return "\n".join([*parts, ""])


def _described(name: str) -> str:
    about = (importlib.import_module(f"bench.{name}").__doc__ or "").strip()
    plain = re.sub(r":mod:`([^`]+)`", r"`\1`", about).replace("``", "`")
    return f"{plain}\n"


def _run(name: str, lines: list[Line]) -> str:
    loads = [line["load"] for line in lines]
    took = next(line["took_seconds"] for line in lines if "took_seconds" in line)
    load = f"load {min(loads):.1f} to {max(loads):.1f}"
    return f"`python -m bench {name}`, {lines[0]['run']}, {took:.0f} s, {load}.\n"


def _table(bench: str, rows: list[Line]) -> str:
    if "figures" in rows[0]:
        return _figures(bench, rows)
    if "p50" not in rows[0]:
        cells = [f"| {row['side']} | {shown(row['mean'])} | {row['ratio']:.2f} |" for row in rows]
        return _framed(bench, rows[0]["unit"], ["mean", "ratio"], cells)
    columns = [*PERCENTILES, "ratio p50", "CPU us each"]
    cells = [_cells(row) for row in rows]
    return _framed(bench, rows[0]["unit"], columns, cells)


def _cells(row: Line) -> str:
    figures = [shown(row[name]) for name in PERCENTILES]
    used: dict[str, float] = row.get("cpu_seconds_each", {})
    cpu = ", ".join(f"{name} {shown(each * 1e6)}" for name, each in used.items())
    ratio = f"{row['ratio_p50']:.2f}"
    return f"| {' | '.join([row['side'], *figures, ratio, cpu])} |"


def _figures(bench: str, rows: list[Line]) -> str:
    columns = list(dict.fromkeys(name for row in rows for name in row["figures"]))
    cells = [
        f"| {row['side']} | "
        + " | ".join(shown(row["figures"][c]) if c in row["figures"] else "-" for c in columns)
        + " |"
        for row in rows
    ]
    return _framed(bench, rows[0]["unit"], columns, cells)


def _framed(bench: str, unit: str, columns: list[str], cells: list[str]) -> str:
    head = f"| {bench} ({unit}) | {' | '.join(columns)} |"
    return "\n".join([head, "|---|" + "---:|" * len(columns), *cells, ""])


def _curves(name: str, lines: list[Line], plots: Plots) -> list[str]:
    drawn: list[str] = []
    for number, ((axis, unit), sides) in enumerate(curves(lines).items()):
        file = plots.curve(f"{name}-curve-{number}", (f"{name}: p50", axis, unit), sides)
        drawn.append(f"\n![{name} by {axis}, {unit}](benchmarks/{file})")
    return drawn


def _file(bench: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", bench.lower()).strip("-")
