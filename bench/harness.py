"""Percentiles, interleaved rounds, a table to read, and a JSON line a row to keep."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
RESULTS = Path(__file__).parent / "results"
_PERCENTILES = {"p50": 50, "p90": 90, "p99": 99, "max": 100}


@dataclass
class Samples:
    """What one side of a comparison measured: seconds each, or another unit throughout."""

    name: str
    values: list[float] = field(default_factory=list[float])

    def percentile(self, percent: float) -> float:
        """Return a percentile (nearest rank)."""
        ordered = sorted(self.values)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def cpu_of(pid: int) -> float:
    """Return the CPU seconds, user and system, that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def interleave(rounds: int, sides: Sequence[Callable[[], None]]) -> None:
    """Run every side once a round, the order turned each time: drift hits all alike."""
    for number in range(rounds):
        order = list(sides) if number % 2 == 0 else list(reversed(sides))
        for side in order:
            side()


def show(bench: str, unit: str, scale: float, sides: Sequence[Samples]) -> None:
    """Print a table and keep its rows.

    :param scale: how many ``unit`` one of the samples' own is
    :param sides: the first is what the others are compared with
    """
    print(f"\n{bench} ({unit})")
    print(f"  {'':36}" + "".join(f"{name:>10}" for name in _PERCENTILES) + "  ratio p50")
    base = sides[0].percentile(50)
    for side in sides:
        figures = {name: side.percentile(p) * scale for name, p in _PERCENTILES.items()}
        ratio = side.percentile(50) / base
        cells = "".join(f"{figure:10.3f}" for figure in figures.values())
        print(f"  {side.name:36}{cells} {ratio:10.2f}")
        keep(bench, side.name, unit=unit, **figures, ratio_p50=ratio, samples=len(side.values))


def keep(bench: str, side: str, **figures: float | str) -> None:
    """Add one line to ``results/NAME.jsonl``; the name is the first word of ``bench``."""
    RESULTS.mkdir(exist_ok=True)
    when = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    load = os.getloadavg()[0]
    record = {"bench": bench, "side": side, **figures, "when": when, "load": load}
    with (RESULTS / f"{bench.partition(':')[0]}.jsonl").open("a") as file:
        file.write(json.dumps(record) + "\n")


def missing(peer: str, how: str) -> None:
    """Say that a peer is not installed and how to get it."""
    print(f"  {peer}: not installed, left out. Install it: {how}")
