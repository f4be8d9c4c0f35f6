"""Whoever is killed, at whatever stage: nothing survives, the next one runs, callers are told."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import psutil
import pytest

from signalpost.transport.client import Client
from signalpost.transport.messages import TaskReport
from tests.system.commands import tree
from tests.system.fifo import Fifo
from tests.system.place import AFTER_DEATH_SECONDS, Place, within
from tests.system.processes import Handles, bound_to, dead, descendants, lives
from tests.system.puppet import Ask, Gone, Puppet, puppet

Stage = str
STAGES = ("running", "ending")
OF_A_DEAD_CLIENT_SECONDS = 5.0
_UNDAUNTED = "trap 'echo TERM >{pids}' TERM; echo $$ >{pids}; while :; do sleep 1000 & wait; done"


@dataclass
class Scene:
    """``victim``'s task runs or is being killed; the task of ``other`` waits behind it."""

    client: Client
    victim: Puppet
    other: Puppet
    task: Ask
    next: Ask
    pid: int
    """The command's shell."""
    shim: int
    ran: Fifo
    """Gets a line each time the next command runs."""


@asynccontextmanager
async def scene(place: Place, stage: Stage) -> AsyncGenerator[Scene, None]:
    pids, ran = place.fifo("pids"), place.fifo("ran")
    if stage == "ending":
        place.options = ("--grace", "2")  # so that what follows comes in time
    async with (
        place.client("watcher") as client,
        puppet(place, "victim") as victim,
        puppet(place, "other") as other,
    ):
        task = victim.run_task(_UNDAUNTED.format(pids=pids))
        pid = await pids.pid()
        await task.heard.running()
        shim = psutil.Process(pid).ppid()
        following = other.run_task(f"echo ran >{ran}")
        await following.heard.waiting()
        if stage == "ending":
            victim.give_up(task)
            assert await pids.line() == "TERM"
        yield Scene(client, victim, other, task, following, pid, shim, ran)


async def next_ran_once(scene: Scene) -> TaskReport:
    report = await scene.next.report()
    assert report.state == "success"
    assert len(scene.ran.lines_so_far()) == 1
    return report


@within(30)
async def test_a_client_that_is_killed_loses_its_tasks_and_its_place(place: Place) -> None:
    async with scene(place, "running") as it:
        waiting = it.victim.run_task(f"echo doomed >{it.ran}")
        doomed = await waiting.heard.waiting(2)
        last = it.other.run_task(f"echo last >{it.ran}")
        await last.heard.waiting(3)
        it.victim.kill()
        with pytest.raises(Gone):
            await it.task.result()
        await dead(it.pid, OF_A_DEAD_CLIENT_SECONDS + 2)
        assert (await last.report()).state == "success"
        assert [await it.ran.line() for _ in range(2)] == ["ran", "last"]
        for task_id in (await it.task.heard.accepted(), doomed):
            ended = await it.client.task_status(task_id, None)
            assert (ended.state, ended.cancelled_by) == ("cancelled", "client")


@within(30)
async def test_a_client_that_is_killed_while_its_task_dies_changes_nothing(place: Place) -> None:
    async with scene(place, "ending") as it:
        it.victim.kill()
        await dead(it.pid)
        await next_ran_once(it)
        ended = await it.client.task_status(await it.task.heard.accepted(), None)
        assert (ended.state, ended.cancelled_by) == ("cancelled", "client")


@pytest.mark.parametrize("stage", STAGES)
@within(30)
async def test_a_shim_that_is_killed_leaves_nothing_behind(place: Place, stage: Stage) -> None:
    async with scene(place, stage) as it:
        psutil.Process(it.shim).kill()
        await dead(it.pid)
        await next_ran_once(it)
        ended = await it.client.task_status(await it.task.heard.accepted(), None)
        assert ended.state == "lost"
        assert "killed" in ended.reason
        if stage == "running":
            assert (await it.task.report()).state == "lost"


@within(30)
async def test_a_spare_shim_that_is_killed_is_replaced(place: Place) -> None:
    async with place.client() as client:
        await client.run_task("true", "/tmp")
        broker = place.broker().pid
        below = descendants(broker)
        for pid in below:
            if pid not in [child.pid for child in psutil.Process(broker).children()]:
                with suppress(psutil.NoSuchProcess):  # the first task's ends by itself
                    psutil.Process(pid).kill()
                await dead(pid)
        assert (await client.run_task("true", "/tmp")).state == "success"


@pytest.mark.parametrize("stage", STAGES)
@within(30)
async def test_a_zygote_that_is_killed_is_replaced_and_the_task_goes_on(
    place: Place, stage: Stage
) -> None:
    async with scene(place, stage) as it:
        zygote = psutil.Process(it.shim).ppid()
        assert zygote in [child.pid for child in place.broker_process().children()]
        psutil.Process(zygote).kill()
        await dead(zygote)
        if stage == "running":
            assert lives(it.pid)
            await it.client.ping()
            assert (await it.client.task_status(await it.task.heard.accepted())).state == "running"
            it.victim.give_up(it.task)
        await dead(it.pid)
        await next_ran_once(it)
        ended = await it.client.task_status(await it.task.heard.accepted(), None)
        assert ended.state == "cancelled"


@pytest.mark.parametrize("stage", STAGES)
@within(30)
async def test_nothing_outlives_a_killed_broker_and_everybody_is_told(
    place: Place, stage: Stage
) -> None:
    async with scene(place, stage) as it:
        family = place.family()
        epoch = place.broker().epoch
        place.broker_process().kill()
        await family.all_dead(AFTER_DEATH_SECONDS)
        await next_ran_once(it)
        assert place.broker().epoch != epoch
        ended = await it.client.task_status(await it.task.heard.accepted())
        assert ended.state == "lost" if stage == "running" else ended.state in CANCELLED_OR_LOST
        if stage == "running":
            told = await it.task.report()
            assert (told.state, told.task_id) == ("lost", ended.task_id)
            assert "broker stopped" in told.reason


CANCELLED_OR_LOST = {"cancelled", "lost"}


@within(40)
async def test_after_a_killed_broker_those_who_wait_keep_their_order_and_run_once(
    place: Place,
) -> None:
    pids = place.fifo("pids")
    order = place.folder / "order"
    async with (
        puppet(place, "a") as a,
        puppet(place, "b") as b,
        puppet(place, "c") as c,
    ):
        running = a.run_task(tree("plain", pids))
        await pids.pid()
        asks: list[Ask] = []
        for number in range(9):
            asks.append((a, b, c)[number % 3].run_task(f"echo {number} >>{order}"))
            await asks[-1].heard.waiting(number + 1)
        ids = [ask.heard.all[-1].report.task_id for ask in asks]
        family = place.family()
        place.broker_process().kill()
        await family.all_dead(AFTER_DEATH_SECONDS)
        lost = await running.report()
        reports = [await ask.report() for ask in asks]
        fresh = await b.run_task("true").report()
    assert lost.state == "lost"
    assert [report.state for report in reports] == ["success"] * 9
    assert [report.task_id for report in reports] == ids
    assert order.read_text().split() == [str(number) for number in range(9)]
    assert fresh.task_id > max(ids)


@within(40)
async def test_a_waiting_task_that_was_answered_before_its_turn_keeps_its_place(
    place: Place,
) -> None:
    pids, order = place.fifo("pids"), place.folder / "order"
    async with puppet(place, "a") as a, puppet(place, "b") as b:
        await a.run_task(tree("plain", pids)).heard.running()
        await pids.pid()
        answered = await a.run_task(f"echo answered >>{order}", wait_seconds=0).report()
        noted = await b.run_task(f"echo noted $MARK >>{order}", notify=True).report()
        assert [answered.position, noted.position] == [1, 2]
        place.broker_process().kill()
        ended = [
            await each.ask("task_status", task_id=task.task_id, wait_seconds=None).report()
            for each, task in ((a, answered), (b, noted))
        ]
    assert [report.state for report in ended] == ["success", "success"]
    assert order.read_text().split() == ["answered", "noted"]


@within(30)
async def test_who_is_not_back_after_a_killed_broker_is_recorded_as_cancelled(
    place: Place,
) -> None:
    pids, ran = place.fifo("pids"), place.fifo("ran")
    async with puppet(place, "here") as here, puppet(place, "away") as away:
        await here.run_task(tree("plain", pids)).heard.running()
        await pids.pid()
        gone = await away.run_task(f"echo away >{ran}").heard.waiting(1)
        back = here.run_task(f"echo back >{ran}")
        await back.heard.waiting(2)
        away.kill()
        await dead(away.pid)
        place.broker_process().kill()
        assert (await back.report()).state == "success"
        ended = await here.ask("task_status", task_id=gone).report()
        assert (ended.state, ended.started_at) == ("cancelled", None)
        assert ran.lines_so_far() == ["back"]


@within(40)
async def test_no_command_runs_twice_however_often_the_broker_is_killed(place: Place) -> None:
    order = place.folder / "order"
    async with puppet(place) as client:
        asks = [client.run_task(f"echo {number} >>{order}") for number in range(30)]
        await asks[-1].heard.accepted()
        for _ in range(3):
            await client.ask("ping").result()
            place.broker_process().kill()
        reports = [await ask.report() for ask in asks]
    ran = [int(line) for line in order.read_text().split()]
    assert ran == sorted(set(ran))
    assert {report.state for report in reports} <= {"success", "lost"}
    assert len({report.task_id for report in reports}) == 30
    finished = {n for n, report in enumerate(reports) if report.state == "success"}
    assert finished <= set(ran)
    assert sum(report.state == "lost" for report in reports) <= 3


@within(30)
async def test_a_task_that_was_told_is_known_to_the_next_broker(place: Place) -> None:
    async with place.client() as client:
        asked = await client.run_task("sleep 1000", "/tmp", notify=True)
        place.broker_process().kill()
        assert (await client.task_status(asked.task_id, None)).state in CANCELLED_OR_LOST


@within(30)
async def test_a_broker_that_is_killed_while_nobody_asks_leaves_nothing(place: Place) -> None:
    pids = place.fifo("pids")
    async with place.client() as client:
        await client.run_task(tree("session of its own", pids), "/tmp", notify=True)
        written = [await pids.pid() for _ in range(2)]
        family = place.family()
        family.record(written)
        place.broker_process().kill()
        await family.all_dead(AFTER_DEATH_SECONDS)
        assert bound_to(place.state) == []


@within(30)
async def test_killing_the_broker_and_the_shims_at_once_leaves_nothing_for_the_next_life(
    place: Place,
) -> None:
    pids = place.fifo("pids")
    survivors = Handles()
    async with place.client() as client:
        asked = await client.run_task(tree("double fork", pids), "/tmp", notify=True)
        written = [await pids.pid() for _ in range(2)]
        survivors.record(written)
        shim = psutil.Process(written[0]).ppid()
        broker = place.broker_process()
        broker.suspend()
        psutil.Process(shim).kill()
        broker.kill()
        report = await client.task_status(asked.task_id, None)
        assert report.state == "lost"
        assert survivors.survivors(0) == []
        survivors.close()
