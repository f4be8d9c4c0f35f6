"""Clock, percentiles, interleaved rounds, a table, and one JSON line a row."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Samples:
    """What one side of a comparison measured: seconds each, and CPU seconds in all."""

    name: str
    seconds: list[float] = field(default_factory=list[float])
    cpu_seconds: float = 0.0

    def percentile(self, percent: float) -> float:
        """Return a percentile in seconds (nearest rank)."""
        ordered = sorted(self.seconds)
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


def show(bench: str, unit: str, scale: float, sides: Sequence[Samples], base: int = 0) -> None:
    """Print a table with the ratio of every p50 to that of ``sides[base]``, and JSON lines."""
    print(f"\n{bench} ({unit})")
    print(f"  {'':34} {'p50':>9} {'p90':>9} {'p99':>9} {'max':>9} {'ratio p50':>10}")
    floor = sides[base].percentile(50)
    for side in sides:
        figures = [side.percentile(p) for p in (50, 90, 99, 100)]
        cells = " ".join(f"{f * scale:9.3f}" for f in figures)
        print(f"  {side.name:34} {cells} {figures[0] / floor:10.2f}")
        record = {
            "bench": bench,
            "side": side.name,
            "unit": unit,
            **dict(zip(("p50", "p90", "p99", "max"), (f * scale for f in figures), strict=True)),
            "ratio_p50": figures[0] / floor,
            "samples": len(side.seconds),
        }
        print(json.dumps(record), file=sys.stderr)


def missing(peer: str, how: str) -> None:
    """Say that a peer is not installed and how to get it."""
    print(f"  {peer}: not installed, left out. Install it: {how}")
