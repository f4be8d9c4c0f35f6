"""Hand-over with 2, 8 and 32 that wait, and what 24 short tasks waste.

Every waiter is a process of its own where the tool has such. Agents with an MCP
server each are started before the clock. Waste is the wall time beyond the work
itself, and the CPU of all processes that took part, the work's own included.
agent-task-queue comes last and alone: each of its servers takes one percent of a
core when it has nothing to do, which would slow the others; 32 of them are left out.
"""

from __future__ import annotations

import shutil
import tempfile
from functools import partial
from pathlib import Path

from bench import orphans, queue_tools
from bench.harness import interleave, show, show_figures
from bench.queue_tools import Agents, Run
from bench.samples import Samples
from bench.stamps import Stamp, add_gaps
from bench.usage import cost

WAITERS = {2: 4, 8: 2, 32: 1}
"""Rounds by how many wait."""
THEIRS = {2: 1, 8: 1}
"""The same of agent-task-queue, which takes a second for each turn."""
WORK = "sleep 0.05;"
SHORT, SECONDS = 24, 0.1


class Turns:
    """What was measured so far, in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stamp = Stamp(folder)
        self._gaps: dict[int, list[Samples]] = {waiters: [] for waiters in WAITERS}
        self._waste: list[tuple[str, dict[str, float]]] = []

    def measure(
        self, tools: dict[str, Run], agents: dict[str, Agents], rounds_by: dict[int, int]
    ) -> None:
        """Measure some tools, interleaved, and agents that are started for it and closed.

        :param rounds_by: rounds by how many wait
        """
        try:
            runs = {**tools, **{name: side.run for name, side in agents.items()}}
            for waiters, rounds in rounds_by.items():
                for side in agents.values():
                    side.join(waiters + 1)
                self._hand_over(runs, waiters, rounds)
            for side in agents.values():
                side.join(SHORT)
            about = f"{SHORT} short tasks"
            interleave(1, [partial(self._short, name, run) for name, run in runs.items()], about)
        finally:
            for side in agents.values():
                side.leave()

    def _hand_over(self, runs: dict[str, Run], waiters: int, rounds: int) -> None:
        samples = {name: Samples(name) for name in runs}

        def once(name: str) -> None:
            times, commands = self._stamp.commands(waiters + 1, WORK)
            runs[name](self._folder, commands)
            add_gaps("turns", samples[name], times, waiters + 1)

        interleave(rounds, [partial(once, name) for name in runs], f"{waiters} wait")
        self._gaps[waiters] += [side for side in samples.values() if side.values]

    def _short(self, name: str, run: Run) -> None:
        commands = [f": {number}; sleep {SECONDS}" for number in range(SHORT)]
        wall, cpu = cost(lambda: run(self._folder, commands), orphans.ours)
        self._waste.append((name, {"wall": wall, "wasted": wall - SHORT * SECONDS, "CPU": cpu}))

    def show(self) -> None:
        """Print and keep all."""
        for waiters, sides in self._gaps.items():
            at = ("waiters", float(waiters))
            show(f"turns: hand-over, {waiters} wait", "milliseconds", 1e3, sides, at)
        show_figures(f"turns: {SHORT} tasks of {SECONDS} s", "seconds", self._waste)


def main() -> None:
    """Measure each number of waiters, then the waste."""
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir="/tmp"))
    orphans.adopt()
    try:
        turns, agents = Turns(folder), queue_tools.agents("turns", folder)
        theirs = {name: agents.pop(name) for name in list(agents) if name == queue_tools.THEIRS}
        turns.measure(queue_tools.plain("turns"), agents, WAITERS)
        turns.measure({}, theirs, THEIRS)
        turns.show()
    finally:
        queue_tools.stop(folder)
        orphans.reap()
        shutil.rmtree(folder)
