"""10 to 10,000 idle inboxes: what a broker weighs, and what a message takes meanwhile.

Idle: its agent was here, has said bye, and nothing waits in it. Running: one message of
100 bytes waits in it. The slopes are those of the broker's own memory (USS). They count what
grows while inboxes are made, SQLite's pages of agents and messages among it (up to the 16 MiB
that they may take); not what the first comers leave behind, once, in ZeroMQ and malloc,
nor the messages of the latency.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.broker import Broker, broker, many_sockets, settle
from bench.harness import note, show
from bench.samples import Samples, growth, slope
from bench.usage import MIB

INBOXES = (10, 100, 1000, 10_000)
RUNNING = (10, 500, 1000, 2000)
CROWDS = 10
"""First comers, a hundred at once: from then on a crowd leaves nothing behind."""
MESSAGES = 300
CONTENT = "x" * 100


def main() -> None:
    """Measure each number of inboxes in one life of a broker."""
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir="/var/tmp"))
    try:
        with many_sockets() as context, broker(context, folder / "d") as one:
            for _ in range(CROWDS):
                one.crowd()
            _idle(one)
            _running(one)
    finally:
        shutil.rmtree(folder)


def _idle(one: Broker) -> None:
    grown: list[tuple[float, float]] = [(0, 0.0)]
    memory: list[Samples] = []
    sides: list[Samples] = []
    for count in INBOXES:
        _grow(one, one.inboxes, count, grown)
        name = f"{count:,} inboxes"
        memory.append(Samples(name, [one.uss() / MIB]))
        samples = Samples(name)
        one.latency(samples, MESSAGES)
        sides.append(samples)
    places = ("idle inboxes", INBOXES)
    show("inboxes: latency", "microseconds", 1e6, sides, along=places)
    show("inboxes: memory of the broker, USS", "MiB", 1.0, memory, along=places)
    points = [(count, side.percentile(50)) for count, side in zip(INBOXES, sides, strict=True)]
    note("inboxes: growth", f"latency {growth(points)} inboxes")
    note("inboxes: slope", f"{slope(grown):,.0f} bytes of memory for each idle inbox")


def _running(one: Broker) -> None:
    grown: list[tuple[float, float]] = [(0, 0.0)]
    for count in RUNNING:
        _grow(one, lambda numbers: one.post(numbers, CONTENT), count, grown)
    each = f"{slope(grown):,.0f} bytes of memory for each inbox with a message"
    note("inboxes: running slope", f"{each} of {len(CONTENT)} bytes in it")


def _grow(
    one: Broker, make: Callable[[range], None], count: int, grown: list[tuple[float, float]]
) -> None:
    """Make more until there are so many, and note by how much the broker has grown by all."""
    settle()
    made, so_far = grown[-1]
    before = one.uss()
    make(range(int(made), count))
    settle()
    grown.append((count, so_far + one.uss() - before))
