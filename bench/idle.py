"""What a broker weighs with nothing to do, and for each task that waits."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import anyio

import signalpost
from bench.broker import Broker, broker, many_sockets, settle
from bench.harness import note, show_figures
from bench.samples import slope
from bench.usage import MIB, cpu_of, memory_of

WAITING = (0, 100, 200, 400)
SECONDS = 3.0


def main() -> None:
    """Weigh it idle, then with more and more tasks that wait."""
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir="/var/tmp"))
    try:
        with many_sockets() as context, broker(context, folder / "d") as one:
            settle()
            _idle(one)
            anyio.run(_waiting, one, folder / "d")
    finally:
        shutil.rmtree(folder)


def _idle(one: Broker) -> None:
    memory, began = memory_of([one.pid]), cpu_of(one.pid)
    settle(SECONDS)
    burnt = (cpu_of(one.pid) - began) / SECONDS * 100
    figures = {"RSS MiB": memory.rss, "PSS MiB": memory.pss, "USS MiB": memory.uss}
    show_figures("idle: broker", "just started", [("broker", {**figures, "CPU %": burnt})])


async def _waiting(one: Broker, data_dir: Path) -> None:
    weights: list[tuple[float, float]] = []
    async with (
        signalpost.connect(data_dir=data_dir, start=False) as client,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(_task, client, 0)
        made = 0
        for count in WAITING:
            for number in range(made, count):
                tasks.start_soon(_task, client, number + 1)
            made = count
            await anyio.sleep(1)
            await _until_waiting(client, count)
            weights.append((count, one.uss()))
        tasks.cancel_scope.cancel()
    rows = [(f"{count:,.0f}", {"broker USS": weight / MIB}) for count, weight in weights]
    show_figures("idle: memory by waiting tasks", "MiB", rows)
    note("idle: slope", f"{slope(weights):,.0f} bytes of memory for each waiting task")


async def _task(client: signalpost.Client, number: int) -> None:
    await client.run_task("sleep 600", "/tmp", env_vars={"BENCH_NUMBER": str(number)})


async def _until_waiting(client: signalpost.Client, count: int) -> None:
    with anyio.fail_after(30):
        while len((await client.queues())[0].waiting) < count:
            await anyio.sleep(0.1)
