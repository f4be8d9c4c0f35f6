"""Cancels at every moment of a task's life: one end, and the same for everybody. Case 40."""

from __future__ import annotations

import random

import anyio

from signalpost.transport.client import Client
from signalpost.transport.messages import OPEN_STATES, TaskReport
from tests.system.place import Place, within
from tests.system.test_trees import carriers

ROUNDS = 25
COMMANDS = ("true", "sleep 0.02", "sleep 0.05 & true", "trap '' TERM; sleep 0.1", "exit 3")


@within(60)
async def test_whenever_it_is_cancelled_a_task_has_one_end_that_all_are_told(place: Place) -> None:
    chance = random.Random(40)
    place.options = ("--grace", "0.05", "--queue", "race=4")
    ends: list[list[TaskReport]] = []
    async with place.client("alice") as alice, place.client(kind="cli") as person:
        async with anyio.create_task_group() as tasks:
            for number in range(ROUNDS):
                command = f"{COMMANDS[number % len(COMMANDS)]}; : {number}"
                tasks.start_soon(race, alice, person, command, chance.uniform(0, 0.2), ends)
        later = [await person.task_status(told[0].task_id) for told in ends]
        assert (await alice.run_task("true", "/tmp", "race")).state == "success"
    assert len(ends) == ROUNDS
    for told, now in zip(ends, later, strict=True):
        assert {report.state for report in told} == {now.state}
        assert now.state not in OPEN_STATES
        assert (now.state == "cancelled") == bool(now.cancelled_by)
        assert carriers(place, now.task_id) == []


async def race(
    alice: Client, person: Client, command: str, delay: float, ends: list[list[TaskReport]]
) -> None:
    asked = await alice.run_task(command, "/tmp", "race", notify=True)
    told: list[TaskReport] = []

    async def wait() -> None:
        told.append(await alice.task_status(asked.task_id, None))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        await anyio.sleep(delay)
        told.append(await person.cancel_task(asked.task_id))
    ends.append(told)
