"""The tools that people use for turns: all run the same commands, one after the other.

Each takes the commands in order and returns when all have run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import anyio

import signalpost
from bench import mcp_server, peers
from bench.harness import missing
from bench.mcp_server import McpServer

Run = Callable[[Path, Sequence[str]], None]
CHAIN = "sh -c chain (floor)"
OURS = "signalpost"
FLOOR = "floor: shims without a broker"
THEIRS = "agent-task-queue, a server each"


def plain(bench: str) -> dict[str, Run]:
    """Return what can be had here and needs no server of each agent's own, the floor first."""
    found: dict[str, Run] = {CHAIN: _chain, "flock": _flock, OURS: _signalpost}
    tools = {"tsp": _tsp, "nq": _nq, "sem": _sem}
    for name, tool in tools.items():
        if peers.find(name):
            found[name] = tool
        else:
            missing(bench, name)
    return found


def _chain(folder: Path, commands: Sequence[str]) -> None:
    words = "; ".join(f"sh -c '{command}'" for command in commands)
    subprocess.run(["/bin/sh", "-c", words], check=True)


def floor(folder: Path, commands: Sequence[str]) -> None:
    """Run them by the least that gives turns in this interpreter."""
    words = [sys.executable, "-m", "bench.turn_floor", *commands]
    subprocess.run(words, check=True)


def _together(folder: Path, calls: Sequence[list[str]]) -> None:
    # GNU sem keeps its semaphores there.
    env = {**peers.environment(), "PARALLEL_HOME": str(folder)}
    waiters = [subprocess.Popen(words, env=env) for words in calls]
    for waiter in waiters:
        assert waiter.wait() == 0


def _flock(folder: Path, commands: Sequence[str]) -> None:
    _together(
        folder, [["flock", str(folder / "lock"), "sh", "-c", command] for command in commands]
    )


def _sem(folder: Path, commands: Sequence[str]) -> None:
    words = [peers.find("sem") or "sem", "--id", folder.name, "--fg", "sh", "-c"]
    _together(folder, [[*words, f"'{command}'"] for command in commands])


def _signalpost(folder: Path, commands: Sequence[str]) -> None:
    anyio.run(_by_client, folder / "d", commands)


async def _by_client(data_dir: Path, commands: Sequence[str]) -> None:
    async with (
        signalpost.connect(data_dir=data_dir) as client,
        anyio.create_task_group() as tasks,
    ):
        for number, command in enumerate(commands):
            # A variable of its own, or identical calls would share one task.
            env = {"BENCH_NUMBER": str(number)}
            tasks.start_soon(_one, client, command, env)


async def _one(client: signalpost.Client, command: str, env: dict[str, str]) -> None:
    report = await client.run_task(command, "/tmp", env_vars=env)
    assert report.state == "success", report


def stop(folder: Path) -> None:
    """End what serves in a folder: our broker, and task-spooler's server."""
    words = ["stop", "--force", "--data-dir", str(folder / "d")]
    subprocess.run(
        [sys.executable, "-m", "signalpost", *words], check=True, stdout=subprocess.DEVNULL
    )
    if (folder / "tsp.sock").exists():
        _ask_tsp(folder, "-K")
    while (folder / "tsp.sock").exists():
        time.sleep(0.01)


def _tsp(folder: Path, commands: Sequence[str]) -> None:
    for command in commands:
        _ask_tsp(folder, "sh", "-c", command)
    _ask_tsp(folder, "-w")


def _ask_tsp(folder: Path, *words: str) -> None:
    # Its output goes to files in TMPDIR, as ours does to a log.
    env = {**peers.environment(), "TS_SOCKET": str(folder / "tsp.sock"), "TMPDIR": str(folder)}
    path = peers.find("tsp") or "tsp"
    subprocess.run([path, *words], env=env, check=True, capture_output=True)


def _nq(folder: Path, commands: Sequence[str]) -> None:
    path = peers.find("nq") or "nq"
    env = {**peers.environment(), "NQDIR": str(folder / f"nq-{time.monotonic_ns()}")}
    os.mkdir(env["NQDIR"])
    for command in commands:
        subprocess.run([path, "sh", "-c", command], env=env, check=True, capture_output=True)
    subprocess.run([path, "-w"], env=env, check=False, capture_output=True)


class Agents:
    """One MCP server for each agent, as agents have them; each asks for one turn."""

    def __init__(self, spawn: Callable[[int], McpServer]) -> None:
        self._spawn = spawn
        self.servers: list[McpServer] = []

    def join(self, count: int) -> None:
        """Start servers until there are so many."""
        fresh = [self._spawn(number) for number in range(len(self.servers), count)]
        self.servers += fresh
        mcp_server.start_all(fresh)

    def run(self, folder: Path, commands: Sequence[str]) -> None:
        """Have each agent call ``run_task``, then read every result."""
        calls = [
            (server, server.call("run_task", command=command, working_directory="/tmp"))
            for server, command in zip(self.servers, commands, strict=False)
        ]
        assert len(calls) == len(commands)
        for server, number in calls:
            text = server.text(number)
            assert text.startswith("SUCCESS"), text

    def leave(self) -> None:
        """Close all at once, then wait for each."""
        for server in self.servers:
            assert server.process.stdin is not None
            server.process.stdin.close()
        for server in self.servers:
            server.close()
        self.servers.clear()


def agents(bench: str, folder: Path) -> dict[str, Agents]:
    """Return ours and, where it is installed, agent-task-queue; nobody has joined yet."""
    found = {
        "signalpost, a bridge each": Agents(
            lambda number: mcp_server.signalpost(f"agent-{number}", str(folder / "d"))
        )
    }
    if peers.find("agent-task-queue"):
        store = str(folder / "atq")
        mcp_server.make_task_queue_store(store)
        found[THEIRS] = Agents(lambda _: mcp_server.task_queue(store))
    else:
        missing(bench, "agent-task-queue")
    return found
