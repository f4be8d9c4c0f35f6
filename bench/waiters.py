"""What waiting costs: 1, 16 and 100 agents behind one long task.

Each agent's MCP server has a call of ``run_task`` open, with progress on; ours
has a ``receive_message`` open as well. The CPU is that of all processes together
over one period of progress (of ``flock``, which has none, over 5 s), the memory that
of all agents on the machine. ``flock`` is what a waiting process costs at least.
agent-task-queue is left out at 100: so many servers of it take more memory and CPU than
this machine may have.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from rich.progress import track

from bench import mcp_server, orphans, peers, queue_tools
from bench.harness import CONSOLE, missing, show_figures
from bench.mcp_server import McpServer
from bench.usage import cpu_of, family, family_cpu, memory_of
from signalpost.transport import endpoint

WAITERS = {1: 2, 16: 2, 100: 3}
"""How many wait, and how often each bridge has told its progress before the clock starts.

From the third time on its signs of life ride on what the broker tells.
"""
MOST = {"agent-task-queue": 16}
SECONDS = 15.0
"""One period of progress."""
IDLE_SECONDS = 5.0
"""Of those who have no period: nothing is ever done."""
SETTLE = 2.0
LONG = "sleep 1200"


class Side:
    """Agents that wait, all processes of theirs, and how they are made."""

    seconds = SECONDS

    def __init__(self, name: str, spawn: Callable[[int], McpServer]) -> None:
        self.name = name
        self._spawn = spawn
        self._servers: list[McpServer] = []

    def join(self, count: int) -> None:
        """Have so many wait; the first of all holds the slot."""
        fresh = [self._spawn(number) for number in range(len(self._servers), count + 1)]
        self._servers += fresh
        mcp_server.start_all(fresh)
        for number, server in enumerate(fresh):
            command = f": {len(self._servers)} {number}; {LONG}"
            server.call("run_task", token="t", command=command, working_directory="/tmp")
        self._settle(fresh, WAITERS[count])

    def broker(self) -> int:
        """Return the pid of what stands behind all the servers, 0: nothing does."""
        return 0

    def leave(self) -> None:
        """Kill all: they wait and would be awaited."""
        for server in self._servers:
            server.process.kill()
            server.close()

    def _settle(self, fresh: Sequence[McpServer], told: int) -> None:
        """Return when those wait."""


class Bridges(Side):
    """Ours, each of which waits for mail as well."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            "signalpost, a bridge each",
            lambda number: mcp_server.signalpost(f"agent-{number}", str(folder)),
        )
        self._folder = folder

    def broker(self) -> int:
        found = endpoint.read_published(self._folder)
        return found.pid if found else 0

    def _settle(self, fresh: Sequence[McpServer], told: int) -> None:
        for server in fresh:
            server.call("receive_message", token="m", timeout=1200)
        for server in fresh:  # a bridge goes on loading when it has said hello
            server.told(told)


class Locks:
    """Waiters in flock, the least that a process can do."""

    name = "flock"
    seconds = IDLE_SECONDS

    def __init__(self, folder: Path) -> None:
        self._words = ["flock", str(folder / "lock"), "sleep", "1200"]
        self._waiters: list[subprocess.Popen[bytes]] = []

    def join(self, count: int) -> None:
        """Have so many wait."""
        while len(self._waiters) < count + 1:
            self._waiters.append(subprocess.Popen(self._words, stdout=subprocess.DEVNULL))

    def broker(self) -> int:
        """Return 0: there is none."""
        return 0

    def leave(self) -> None:
        """Kill all: first those that wait, or one would start when the holder is dead."""
        families = [family(waiter.pid) for waiter in self._waiters]
        for pid in [*(pids[0] for pids in families), *(p for pids in families for p in pids[1:])]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for waiter in self._waiters:
            waiter.wait()


def main() -> None:
    """Measure each number of waiters of each side, one side after the other."""
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir="/tmp"))
    orphans.adopt()
    try:
        rows = [row for side in _sides(folder) for row in _curve(side)]
    finally:
        queue_tools.stop(folder)
        orphans.reap()
        shutil.rmtree(folder)
    for count in WAITERS:
        found = [(name, figures) for name, waiters, figures in rows if waiters == count]
        show_figures(f"waiters: {count} wait", "all processes together", found)


def _sides(folder: Path) -> list[Side | Locks]:
    sides: list[Side | Locks] = [Locks(folder)]
    if peers.find("agent-task-queue"):
        store = str(folder / "atq")
        mcp_server.make_task_queue_store(store)
        sides.append(Side("agent-task-queue", lambda _: mcp_server.task_queue(store)))
    else:
        missing("waiters", "agent-task-queue")
    return [*sides, Bridges(folder / "d")]  # last: its broker stays


def _curve(side: Side | Locks) -> list[tuple[str, int, dict[str, float]]]:
    rows: list[tuple[str, int, dict[str, float]]] = []
    counts = [count for count in WAITERS if count <= MOST.get(side.name, count)]
    try:
        for count in track(counts, side.name, console=CONSOLE, transient=True):
            side.join(count)
            time.sleep(SETTLE)
            rows.append((side.name, count, _weigh(side.broker(), side.seconds)))
    finally:
        side.leave()
    return rows


def _weigh(broker: int, seconds: float) -> dict[str, float]:
    before, of_broker = family_cpu(orphans.ours()), _cpu_of(broker)
    time.sleep(seconds)
    burnt = (family_cpu(orphans.ours()) - before) / seconds * 100
    figures = {"CPU % of a core": burnt}
    if broker:
        figures["of it the broker"] = (_cpu_of(broker) - of_broker) / seconds * 100
    members = [pid for root in orphans.ours() for pid in family(root)]
    memory = memory_of(members)
    weights = {"RSS MiB": memory.rss, "PSS MiB": memory.pss, "processes": float(len(members))}
    return {**figures, **weights}


def _cpu_of(broker: int) -> float:
    return cpu_of(broker) if broker else 0.0
