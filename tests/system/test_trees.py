"""Whatever a command is made of, all of it dies: with its limit, caller, broker. Cases 6 and 7."""

from __future__ import annotations

import pytest

from tests.system.commands import KINDS, count, tree
from tests.system.fifo import Fifo
from tests.system.place import AFTER_DEATH_SECONDS, GRACE, Place, within
from tests.system.processes import Handles, bound_to
from tests.system.puppet import Ask, Puppet, puppet


async def begin(
    client: Puppet, kind: str, pids: Fifo, timeout_seconds: float = 100
) -> tuple[Ask, Handles]:
    """Start one, and return it when it is under way."""
    ask = client.run_task(
        tree(kind, pids), queue_name=kind.replace(" ", "-"), timeout_seconds=timeout_seconds
    )
    handles = Handles()
    handles.record([await pids.pid() for _ in range(count(kind))])
    await ask.heard.running()
    return ask, handles


def carriers(place: Place, task_id: int) -> list[int]:
    """Return who still carries the cookie of a task."""
    return [pid for pid in bound_to(place.state) if cookie(pid).startswith(f"{task_id}:")]


def cookie(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/environ") as file:
            pairs = file.read().split("\0")
    except OSError:
        return ""
    return next((p.partition("=")[2] for p in pairs if p.startswith("SIGNALPOST_TASK=")), "")


@pytest.mark.parametrize("kind", KINDS)
@within(20)
async def test_all_of_a_tree_dies_on_cancel(place: Place, kind: str) -> None:
    pids = place.fifo("pids")
    async with puppet(place) as client:
        ask, handles = await begin(client, kind, pids)
        ended = await client.ask("cancel_task", task_id=await ask.heard.accepted()).report()
        assert handles.survivors(0) == []
        assert carriers(place, ended.task_id) == []
        assert (ended.state, ended.cancelled_by) == ("cancelled", "client")
        assert (await ask.report()).state == "cancelled"
    handles.close()


@pytest.mark.parametrize("kind", KINDS)
@within(20)
async def test_all_of_a_tree_dies_at_its_time_limit(place: Place, kind: str) -> None:
    pids = place.fifo("pids")
    async with puppet(place) as client:
        ask, handles = await begin(client, kind, pids, timeout_seconds=1)
        ended = await ask.report()
        assert handles.survivors(0) == []
        assert carriers(place, ended.task_id) == []
        assert ended.state == "timeout"
        assert 1 <= ended.ran_seconds < 1 + GRACE + 2
    handles.close()


@pytest.mark.parametrize("orderly", [True, False])
@within(30)
async def test_all_of_every_tree_dies_with_its_caller(place: Place, orderly: bool) -> None:
    async with place.client() as watcher, puppet(place) as client:
        begun = [await begin(client, kind, place.fifo(f"p{n}")) for n, kind in enumerate(KINDS)]
        if orderly:
            client.leave()
        else:
            client.kill()
        for ask, handles in begun:
            ended = await watcher.task_status(await ask.heard.accepted(), None)
            assert ended.state == "cancelled"
            assert handles.survivors(0) == []
            assert carriers(place, ended.task_id) == []
            handles.close()


@within(30)
async def test_all_of_every_tree_dies_with_a_killed_broker(place: Place) -> None:
    async with puppet(place) as client:
        begun = [await begin(client, kind, place.fifo(f"p{n}")) for n, kind in enumerate(KINDS)]
        place.broker_process().kill()
        for _, handles in begun:
            await handles.all_dead(AFTER_DEATH_SECONDS)
        assert [(await ask.report()).state for ask, _ in begun] == ["lost"] * len(KINDS)
        for ask, handles in begun:
            assert carriers(place, await ask.heard.accepted()) == []
            handles.close()


@within(20)
async def test_all_of_every_tree_dies_on_a_stop_by_force(place: Place) -> None:
    async with puppet(place) as client, place.client() as person:
        begun = [await begin(client, kind, place.fifo(f"p{n}")) for n, kind in enumerate(KINDS)]
        await person.stop("force")
        for ask, handles in begun:
            assert handles.survivors(0) == []
            assert (await ask.report()).state == "lost"
            handles.close()


@within(20)
async def test_a_time_limit_counts_the_execution_only(place: Place) -> None:
    gate = place.fifo("gate")
    async with puppet(place) as client:
        first = client.run_task(f"read _ <{gate}; sleep 1")
        await first.heard.running()
        second = client.run_task("true", timeout_seconds=0.5)
        await second.heard.waiting()
        gate.open()
        report = await second.report()
    assert report.state == "success"
    assert report.waited_seconds > 1


@within(20)
async def test_a_cancelled_await_has_killed_the_tree_before_the_next_task_starts(
    place: Place,
) -> None:
    pids = place.fifo("pids")
    async with puppet(place) as client:
        doomed = client.run_task(tree("deaf to TERM", pids))
        pid = await pids.pid()
        client.give_up(doomed)
        report = await client.run_task(f"! kill -0 {pid}").report()
        assert report.state == "success", report.tail
