"""How long a turn takes to change hands: the end of one task to the start of the next.

Every task writes the time when it starts and when it ends; the gap between
one's end and the next one's start is what the queue costs. The peers run the
same commands: a bare ``sh -c`` chain (the floor), ``flock`` with all waiters
there from the start, and task-spooler and nq where they are installed. Once
with tasks that take a while, as builds do, and once with tasks of no length,
where what a queue prepares between turns is not ready in time.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import anyio

import signalpost
from bench.harness import missing, show
from bench.samples import Samples

TASKS = 12
ROUNDS = 5
LENGTHS = {"handover: after 50 ms of work": "sleep 0.05;", "handover: after no work": ""}

# Nanoseconds without starting a process: the shell's own EPOCHREALTIME is not in dash.
_STAMP = """
#include <stdio.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>
int main(int c, char **v) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t);
  char b[64]; int n = snprintf(b, sizeof b, "%s %ld%09ld\\n", v[2], t.tv_sec, t.tv_nsec);
  int f = open(v[1], O_WRONLY|O_APPEND|O_CREAT, 0600); write(f, b, n); return 0; }
"""


def main() -> None:
    """Measure all, one round of each after the other."""
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir="/tmp"))
    try:
        _measure(folder)
    finally:
        shutil.rmtree(folder)


def _measure(folder: Path) -> None:
    stamp = folder / "stamp"
    source = folder / "stamp.c"
    source.write_text(_STAMP)
    subprocess.run(["cc", "-O", "-w", "-o", stamp, source], check=True)
    peers: dict[str, Callable[[Path, list[str]], None]] = {
        "sh -c chain (floor)": _chain,
        "flock": _flock,
        "signalpost": lambda _, commands: anyio.run(_signalpost, folder / "d", commands),
    }
    for name, tool, how in (("tsp", _tsp, "task-spooler"), ("nq", _nq, "nq")):
        if shutil.which(name):
            peers[name] = tool
        else:
            missing(name, f"apt-get install {how}")
    try:
        for bench, work in LENGTHS.items():
            samples = {name: Samples(name) for name in peers}
            for number, (name, run) in itertools.product(range(ROUNDS), peers.items()):
                times = folder / f"{len(work)}-{number}-{name.split()[0]}"
                command = f"{stamp} {times} start; {work} {stamp} {times} end"
                run(folder, [command] * TASKS)
                samples[name].values += _gaps(times)
            show(bench, "milliseconds", 1e3, list(samples.values()))
    finally:
        _stop_tsp(folder)
        _stop(folder / "d")


def _stop(data_dir: Path) -> None:
    words = [sys.executable, "-m", "signalpost", "stop", "--force", "--data-dir", str(data_dir)]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def _gaps(times: Path) -> list[float]:
    lines = [line.split() for line in times.read_text().splitlines()]
    words = [word for word, _ in lines]
    if words != ["start", "end"] * TASKS:
        raise AssertionError(f"tasks overlapped or are missing: {words}")
    stamps = [int(stamp) / 1e9 for _, stamp in lines]
    return [start - end for end, start in zip(stamps[1::2], stamps[2::2], strict=False)]


def _chain(folder: Path, commands: list[str]) -> None:
    words = "; ".join(f"sh -c '{command}'" for command in commands)
    subprocess.run(["/bin/sh", "-c", words], check=True)


def _flock(folder: Path, commands: list[str]) -> None:
    waiters = [
        subprocess.Popen(["flock", folder / "lock", "sh", "-c", command]) for command in commands
    ]
    for waiter in waiters:
        waiter.wait()


async def _signalpost(data_dir: Path, commands: list[str]) -> None:
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


def _tsp(folder: Path, commands: list[str]) -> None:
    for command in commands:
        _ask_tsp(folder, "sh", "-c", command)
    _ask_tsp(folder, "-w")


def _ask_tsp(folder: Path, *words: str) -> None:
    # Its output goes to files in TMPDIR, as ours does to a log.
    env = {**os.environ, "TS_SOCKET": str(folder / "tsp.sock"), "TMPDIR": str(folder)}
    subprocess.run(["tsp", *words], env=env, check=True, capture_output=True)


def _stop_tsp(folder: Path) -> None:
    """End its server, and wait until it has removed its socket."""
    if (folder / "tsp.sock").exists():
        _ask_tsp(folder, "-K")
    while (folder / "tsp.sock").exists():
        time.sleep(0.01)


def _nq(folder: Path, commands: list[str]) -> None:
    env = {**os.environ, "NQDIR": str(folder / f"nq-{time.monotonic_ns()}")}
    for command in commands:
        subprocess.run(["nq", "sh", "-c", command], env=env, check=True, capture_output=True)
    subprocess.run(["nq", "-w"], env=env, check=False, capture_output=True)
