"""10 to 10,000 idle inboxes: what a broker weighs, and what a message takes meanwhile.

Idle: its agent was here, has gone, and nothing waits in it. The slope is that
of the broker's own memory (USS).
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from bench.broker import Broker, broker, many_sockets, settle
from bench.harness import note, show
from bench.samples import Samples, growth, slope
from bench.usage import MIB

INBOXES = (10, 100, 1000, 10_000)
MESSAGES = 300


def main() -> None:
    """Measure each number of inboxes in one life of a broker."""
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir="/var/tmp"))
    try:
        with many_sockets() as context, broker(context, folder / "d") as one:
            _measure(one)
    finally:
        shutil.rmtree(folder)


def _measure(one: Broker) -> None:
    weights: list[tuple[float, float]] = []
    sides: list[Samples] = []
    made = 0
    for count in INBOXES:
        one.inboxes(range(made, count))
        made = count
        settle()
        samples = Samples(f"{count:,} inboxes")
        one.latency(samples, MESSAGES)
        sides.append(samples)
        weights.append((count, one.uss()))
    places = ("idle inboxes", INBOXES)
    show("inboxes: latency", "microseconds", 1e6, sides, along=places)
    memory = [Samples(f"{count:,.0f} inboxes", [weight / MIB]) for count, weight in weights]
    show("inboxes: memory of the broker, USS", "MiB", 1.0, memory, along=places)
    points = [(count, side.percentile(50)) for (count, _), side in zip(weights, sides, strict=True)]
    note("inboxes: growth", f"latency {growth(points)} inboxes")
    each = slope(weights)
    note("inboxes: slope", f"{each:,.0f} bytes of memory for each idle inbox")
