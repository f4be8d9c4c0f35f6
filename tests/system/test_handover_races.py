"""Turns that pass from shim to shim while tasks are cancelled and brokers killed. Cases 7 and 40."""

from __future__ import annotations

import random
from pathlib import Path

import anyio
import pytest

from signalpost.transport.client import Client
from signalpost.transport.errors import SignalpostError
from signalpost.transport.messages import OPEN_STATES, TaskReport
from tests.system.place import Place, within

ROUNDS = 24
WORK = 0.06
SOAK = pytest.mark.soak


def command(diary: Path, number: int) -> str:
    return f"echo {number} >>{diary}; sleep {WORK}; echo {number} >>{diary}"


def alone(diary: Path, killed: set[int]) -> list[int]:
    """Return who ran, having seen that each ran once, and to its end before another began."""
    lines = [int(line) for line in diary.read_text().split()]
    ran = list(dict.fromkeys(lines))
    again = [number for number in ran for _ in range(lines.count(number))]
    assert lines == again
    assert [number for number in ran if lines.count(number) != 2 and number not in killed] == []
    return ran


@within(60)
async def test_whoever_is_cancelled_as_its_turn_comes_has_one_end(place: Place) -> None:
    diary, chance = place.folder / "diary", random.Random(43)
    ends: dict[int, TaskReport] = {}

    async def ask(client: Client, number: int) -> None:
        ends[number] = await client.run_task(command(diary, number), "/tmp")

    async with (
        place.client("alice") as alice,
        place.client(kind="cli") as person,
        anyio.create_task_group() as tasks,
    ):
        for number in range(ROUNDS):
            tasks.start_soon(ask, alice, number)
            await anyio.lowlevel.checkpoint()
        while len(ends) < ROUNDS:
            await anyio.sleep(chance.uniform(0, 2 * WORK))
            upcoming = [task for queue in await person.queues() for task in queue.waiting]
            if upcoming:
                await anyio.sleep(chance.uniform(WORK / 2, 1.5 * WORK))
                await cancel(person, upcoming[0].task_id)
    killed = {number for number, end in ends.items() if end.state == "cancelled"}
    ran = alone(diary, killed)
    assert {end.state for end in ends.values()} == {"success", "cancelled"}
    assert set(ran) >= set(ends) - killed
    assert ran == sorted(ran)


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=SOAK) for seed in range(2, 12))])
@within(90)
async def test_brokers_that_are_killed_as_turns_pass_run_nothing_twice_or_at_once(
    place: Place, seed: int
) -> None:
    diary, chance = place.folder / "diary", random.Random(seed)
    async with place.client("alice") as alice:
        asked = [
            await alice.run_task(
                command(diary, number),
                "/tmp",
                notify=True,
                on_disconnect="finish" if number % 2 else "kill",
            )
            for number in range(ROUNDS)
        ]
        for _ in range(2):
            await anyio.sleep(chance.uniform(WORK, 4 * WORK))
            place.broker_process().kill()
            await alice.ping()
        ends = [await alice.task_status(one.task_id, None) for one in asked]
    assert not [end for end in ends if end.state in OPEN_STATES]
    unfinished = {number for number, end in enumerate(ends) if end.state != "success"}
    alone(diary, unfinished)


async def cancel(person: Client, task_id: int) -> None:
    try:
        await person.cancel_task(task_id)
    except SignalpostError:
        return  # it has ended meanwhile
