"""One seed is one course: in every process, alone and after others."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterable

import anyio

from tests.simulation.loop import simulate
from tests.simulation.scenario import run

SEED, ANOTHER = 14, 8
PROGRAM = """
import sys
from tests.simulation.scenario import run
print([run(int(seed)).trace for seed in sys.argv[1:]][-1])
"""


def elsewhere(hash_seed: str, *seeds: int) -> str:
    """Return the trace of the last of some seeds that run in a process of their own."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, seeds)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
        text=True,
    ).stdout.strip()


def test_one_seed_is_one_course() -> None:
    assert run(7).trace == run(7).trace
    assert run(7).trace != run(8).trace


def test_a_seed_is_the_same_course_in_another_process_and_after_another_seed() -> None:
    here = run(SEED).trace
    assert elsewhere("1", SEED) == here
    assert elsewhere("2", ANOTHER, SEED) == here


def test_tasks_go_on_in_an_order_that_is_drawn_by_lot_however_they_were_woken() -> None:
    assert order_of(range(10)) == order_of(reversed(range(10)))
    assert order_of(range(10)) != order_of(range(10), lot=2)


def order_of(woken: Iterable[int], lot: int = 1) -> list[int]:
    """Return in which order ten tasks go on that were all woken in one moment."""
    gone_on: list[int] = []

    async def wait(number: int, event: anyio.Event) -> None:
        await event.wait()
        gone_on.append(number)

    async def main() -> None:
        events = [anyio.Event() for _ in range(10)]
        async with anyio.create_task_group() as tasks:
            for number, event in enumerate(events):
                tasks.start_soon(wait, number, event)
            await anyio.sleep(1)
            for number in woken:
                events[number].set()

    simulate(random.Random(lot), main)
    return gone_on
