"""Turns: strictly in the order of acceptance, and never two at once."""

from __future__ import annotations

from contextlib import AsyncExitStack

import anyio
import pytest

from signalpost.transport.messages import TaskReport
from tests.system.place import Heard, Place, within
from tests.system.puppet import Ask, puppet

# Fails when another one is inside, and notes its own number in the order of the starts.
_ALONE = (
    "set -C; : >{folder}/inside || exit 9; echo $SIGNALPOST_TASK >>{folder}/order;"
    " rm {folder}/inside"
)


@within(60)
async def test_eight_clients_with_five_tasks_each_take_turns_strictly_in_order(
    place: Place,
) -> None:
    command = _ALONE.format(folder=place.folder)
    gate = place.fifo("gate")
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(puppet(place, "first"))
        blocker = first.run_task(f"read _ <{gate}")
        await blocker.heard.running()
        others = [await stack.enter_async_context(puppet(place, f"p{n}")) for n in range(7)]
        asks = [
            each.run_task(f"{command}; : {number}")
            for number in range(5)
            for each in (first, *others)
        ]
        ids = [await ask.heard.accepted() for ask in asks]
        gate.open()
        reports = [await ask.report() for ask in asks]
    assert {report.state for report in reports} == {"success"}, [r.tail for r in reports]
    started = (place.folder / "order").read_text().split()
    assert [int(cookie.partition(":")[0]) for cookie in started] == sorted(ids)
    assert len(set(ids)) == 40


@within(20)
async def test_what_one_client_asks_in_a_row_is_accepted_in_that_order(place: Place) -> None:
    gate = place.fifo("gate")
    async with puppet(place) as client:
        await client.run_task(f"read _ <{gate}").heard.running()
        asks = [client.run_task(f"echo {number} >>{place.folder}/order") for number in range(20)]
        ids = [await ask.heard.accepted() for ask in asks]
        gate.open()
        for ask in asks:
            await ask.report()
    assert ids == sorted(ids)
    assert (place.folder / "order").read_text().split() == [str(n) for n in range(20)]


@pytest.mark.parametrize("width", [2, 3])
@within(20)
async def test_as_many_run_at_once_as_the_queue_is_wide(place: Place, width: int) -> None:
    place.options += ("--queue", f"android={width}")
    inside, gate = place.fifo("inside"), place.fifo("gate")
    async with puppet(place) as client:
        asks = [
            client.run_task(f": {n}; echo $$ >{inside}; read _ <{gate}", queue_name="android")
            for n in range(width + 1)
        ]
        for _ in range(width):
            await inside.line()
        await asks[-1].heard.waiting()
        assert inside.lines_so_far() == []
        gate.open()
        await inside.line()
        gate.open(width)
        reports = [await ask.report() for ask in asks]
    assert {report.state for report in reports} == {"success"}


@within(20)
async def test_queues_do_not_wait_for_each_other(place: Place) -> None:
    gate = place.fifo("gate")
    async with place.client() as client, anyio.create_task_group() as tasks:
        heard = Heard()

        async def hold() -> None:
            await client.run_task(f"read _ <{gate}", "/tmp", "one", progress=heard)

        tasks.start_soon(hold)
        await heard.running()
        beside = await client.run_task("true", "/tmp", "two")
        assert [(q.queue_name, len(q.running)) for q in await client.queues()] == [("one", 1)]
        gate.open()
        assert beside.state == "success"


@within(20)
async def test_those_who_wait_are_told_their_place_and_who_runs(place: Place) -> None:
    gate = place.fifo("gate")
    async with puppet(place, "alice") as alice, puppet(place, "bob") as bob:
        running = alice.run_task(f"read _ <{gate}")
        await running.heard.running()
        waiting: list[Ask] = []
        for number in range(3):
            waiting.append(bob.run_task(f": {number}"))
            await waiting[-1].heard.waiting(number + 1)
        news = waiting[2].heard.all[-1]
        assert [(r.owner, r.command) for r in news.running] == [("alice", f"read _ <{gate}")]
        bob.give_up(waiting[0])
        await waiting[2].heard.waiting(2)
        gate.open()
        last: TaskReport = await waiting[2].report()
    assert last.state == "success"
