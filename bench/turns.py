"""Hand-over with 2, 8 and 32 that wait, and what 24 short tasks waste.

Every waiter is a process of its own where the tool has such. Agents with an MCP
server each are started before the clock. Waste is the wall time beyond the work
itself, and the CPU of all processes that took part, the work's own included.
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
WORK = "sleep 0.05;"
SHORT, SECONDS = 24, 0.1


def main() -> None:
    """Measure each number of waiters, then the waste."""
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir="/tmp"))
    orphans.adopt()
    agents: dict[str, Agents] = {}
    try:
        tools, stamp = queue_tools.plain("turns"), Stamp(folder)
        agents = queue_tools.agents("turns", folder)
        for waiters, rounds in WAITERS.items():
            for side in agents.values():
                side.join(waiters + 1)
            _gaps(folder, stamp, _all(tools, agents), (waiters, rounds))
        _waste(folder, tools, agents)
    finally:
        for side in agents.values():
            side.leave()
        queue_tools.stop(folder)
        orphans.reap()
        shutil.rmtree(folder)


def _all(tools: dict[str, Run], agents: dict[str, Agents]) -> dict[str, Run]:
    return {**tools, **{name: side.run for name, side in agents.items()}}


def _gaps(folder: Path, stamp: Stamp, tools: dict[str, Run], size: tuple[int, int]) -> None:
    waiters, rounds = size
    samples = {name: Samples(name) for name in tools}

    def once(name: str) -> None:
        times, commands = stamp.commands(waiters + 1, WORK)
        tools[name](folder, commands)
        add_gaps("turns", samples[name], times, waiters + 1)

    interleave(rounds, [partial(once, name) for name in tools], f"{waiters} waiters")
    at = ("waiters", float(waiters))
    measured = [side for side in samples.values() if side.values]
    show(f"turns: hand-over, {waiters} wait", "milliseconds", 1e3, measured, at)


def _waste(folder: Path, tools: dict[str, Run], agents: dict[str, Agents]) -> None:
    rows: list[tuple[str, dict[str, float]]] = []

    def once(name: str) -> None:
        commands = [f": {number}; sleep {SECONDS}" for number in range(SHORT)]
        # What other agents' servers do meanwhile is no part of this tool's cost.
        others = {pid for other, side in agents.items() if other != name for pid in side.pids}
        run = _all(tools, agents)[name]
        wall, cpu = cost(lambda: run(folder, commands), lambda: set(orphans.ours()) - others)
        rows.append((name, {"wall": wall, "wasted": wall - SHORT * SECONDS, "CPU": cpu}))

    interleave(1, [partial(once, name) for name in _all(tools, agents)], "24 short tasks")
    show_figures(f"turns: {SHORT} tasks of {SECONDS} s", "seconds", rows)
