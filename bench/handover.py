"""How long a turn takes to change hands: the end of one task to the start of the next.

Every task writes the time when it starts and when it ends; the gap between
one's end and the next one's start is what the queue costs. The peers run the
same commands: a bare ``sh -c`` chain (nothing can be faster), the least that gives
turns in this interpreter, ``flock`` and GNU ``sem`` with all waiters there from the
start, task-spooler and nq. Once with tasks that take
a while, as builds do, and once with tasks of no length, where what a queue
prepares between turns is not ready in time.
"""

from __future__ import annotations

import shutil
import tempfile
from functools import partial
from pathlib import Path

from bench import queue_tools
from bench.harness import interleave, show
from bench.queue_tools import Run
from bench.samples import Samples
from bench.stamps import Stamp, add_gaps

TASKS = 12
ROUNDS = 4
LENGTHS = {"handover: after 50 ms of work": "sleep 0.05;", "handover: after no work": ""}


def main() -> None:
    """Measure all, one round of each after the other."""
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir="/tmp"))
    try:
        tools, stamp = queue_tools.plain("handover"), Stamp(folder)
        tools[queue_tools.FLOOR] = queue_tools.floor
        for bench, work in LENGTHS.items():
            _measure(folder, stamp, tools, (bench, work))
    finally:
        queue_tools.stop(folder)
        shutil.rmtree(folder)


def _measure(folder: Path, stamp: Stamp, tools: dict[str, Run], length: tuple[str, str]) -> None:
    bench, work = length
    samples = {name: Samples(name) for name in tools}

    def once(name: str) -> None:
        times, commands = stamp.commands(TASKS, work)
        tools[name](folder, commands)
        add_gaps(bench, samples[name], times, TASKS)

    interleave(ROUNDS, [partial(once, name) for name in tools], bench)
    show(bench, "milliseconds", 1e3, [side for side in samples.values() if side.values])
