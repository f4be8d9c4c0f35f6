"""A bridge from its spawn to its end, beside a bare ``mcp`` server and agent-task-queue.

Spawn to the answer of initialize, to the first result of a tool that only
looks, what it weighs then, and how long it takes to go when its stdin ends. A
broker runs already, as it does for every bridge but the first.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable

from bench import mcp_server, peers
from bench.harness import interleave, missing, show
from bench.mcp_server import McpServer
from bench.samples import Samples
from bench.usage import family_cpu, memory_of

ROUNDS = 9


class Side:
    """One server: how long it takes to answer, what it weighs, how long to go."""

    def __init__(self, name: str, spawn: Callable[[], McpServer], tool: str) -> None:
        self.start = Samples(name)
        self.first = Samples(name)
        self.exit = Samples(name)
        self.rss = Samples(name)
        self.pss = Samples(name)
        self.uss = Samples(name)
        self.cpu = Samples(name)
        self._spawn = spawn
        self._tool = tool

    @property
    def all(self) -> list[Samples]:
        """Everything that is measured."""
        return [self.start, self.first, self.exit, self.rss, self.pss, self.uss, self.cpu]

    def once(self) -> None:
        """Start it, ask it, weigh it, close its stdin and wait for its end."""
        began = time.perf_counter()
        server = self._spawn()
        server.begun(server.start())
        self.start.values.append(time.perf_counter() - began)
        server.text(server.call(self._tool))
        self.first.values.append(time.perf_counter() - began)
        memory = memory_of(server.pids)
        self.cpu.values.append(family_cpu([server.process.pid]))
        for samples, value in zip(
            (self.rss, self.pss, self.uss), (memory.rss, memory.pss, memory.uss), strict=True
        ):
            samples.values.append(value)
        closed = time.perf_counter()
        server.close()
        self.exit.values.append(time.perf_counter() - closed)


def main() -> None:
    """Measure all, interleaved, after one warm-up of each."""
    folder = tempfile.mkdtemp(prefix="bench-", dir="/tmp")
    words = ("-m", "signalpost", "broker", "--auto", "--data-dir", f"{folder}/d")
    try:
        with peers.serving(*words):
            sides = _sides(folder)
            for side in sides:
                side.once()
                for samples in side.all:
                    samples.clear()
            interleave(ROUNDS, [side.once for side in sides], "start")
    finally:
        shutil.rmtree(folder)
    show("start: spawn -> initialize answer", "milliseconds", 1e3, [s.start for s in sides])
    show("start: spawn -> first result", "milliseconds", 1e3, [s.first for s in sides])
    show("start: CPU until then", "milliseconds", 1e3, [s.cpu for s in sides])
    show("start: memory then, RSS", "MiB", 1.0, [s.rss for s in sides])
    show("start: memory then, PSS", "MiB", 1.0, [s.pss for s in sides])
    show("start: memory then, USS", "MiB", 1.0, [s.uss for s in sides])
    show("start: stdin closed -> gone", "milliseconds", 1e3, [s.exit for s in sides])


def _sides(folder: str) -> list[Side]:
    bare = peers.python("-c", mcp_server.BARE)
    sides = [
        Side("bare mcp low-level server", lambda: McpServer(bare), "echo"),
        Side(
            "signalpost mcp",
            lambda: mcp_server.signalpost("", f"{folder}/d"),
            "get_queue_status",
        ),
    ]
    if peers.find("agent-task-queue"):
        queue = Side(
            "agent-task-queue",
            lambda: mcp_server.task_queue(f"{folder}/atq"),
            "clear_task_logs",
        )
        sides.append(queue)
    else:
        missing("start", "agent-task-queue")
    return sides
