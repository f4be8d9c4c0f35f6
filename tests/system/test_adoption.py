"""A task that outlives its broker is adopted by the next one. Cases 6, 7 and 42."""

from __future__ import annotations

import random
import re
import sys

import anyio
import psutil
import pytest

from signalpost.transport.client import Client
from signalpost.transport.messages import TaskReport
from tests.system.commands import KINDS, count, tree
from tests.system.place import GRACE, SIGNALPOST, Place, within
from tests.system.processes import Handles, dead, lives
from tests.system.puppet import puppet


async def new_broker(place: Place, deaths: int = 1) -> None:
    """Kill the broker so often, each time as soon as the next one serves."""
    for _ in range(deaths):
        before = place.broker().epoch
        place.broker_process().kill()
        async with place.client() as client:
            await client.ping()
        assert place.broker().epoch != before


async def lasting(client: Client, command: str, queue: str = "global", limit: float = 100) -> int:
    """Start a task that outlives its broker, and its caller, and return its id."""
    asked = await client.run_task(
        command, "/tmp", queue, timeout_seconds=limit, notify=True, on_disconnect="finish"
    )
    return asked.task_id


async def end_of(client: Client, task_id: int) -> TaskReport:
    return await client.task_status(task_id, None)


def shim_of(pid: int) -> psutil.Process:
    return psutil.Process(psutil.Process(pid).ppid())


SOAK = pytest.mark.soak


@pytest.mark.parametrize("deaths", [1, pytest.param(3, marks=SOAK)])
@within(40)
async def test_it_goes_on_in_its_slot_and_its_caller_gets_the_real_exit_code(
    place: Place, deaths: int
) -> None:
    gate, pids, ran = place.fifo("gate"), place.fifo("pids"), place.folder / "ran"
    command = f"echo ran >>{ran}; echo before; echo $$ >{pids}; read _ <{gate}; echo after; exit 7"
    async with puppet(place, "alice") as alice, puppet(place, "bob") as bob:
        asked = alice.run_task(command, on_disconnect="finish")
        task_id = await asked.heard.running()
        pid = await pids.pid()
        behind = bob.run_task(f"echo next >>{ran}")
        await behind.heard.waiting(1)
        await new_broker(place, deaths)
        shown = await bob.ask("task_status", task_id=task_id, lines=5).report()
        assert (shown.state, shown.pid, shown.tail) == ("running", pid, b"before\n")
        assert lives(pid)
        assert ran.read_text().split() == ["ran"]
        gate.open()
        report = await asked.report()
        assert (report.task_id, report.state, report.exit_code) == (task_id, "failed", 7)
        assert report.tail == b"before\nafter\n"
        assert (await behind.report()).state == "success"
    assert ran.read_text().split() == ["ran", "next"]
    log = (place.state / "output" / f"task_{task_id}.log").read_text()
    assert re.search(r"before\nafter\n\n--- SUMMARY ---\nEXIT CODE: 7\n", log)


@pytest.mark.parametrize("way", ["cancel", pytest.param("timeout", marks=SOAK)])
@within(40)
async def test_all_of_every_tree_dies_on_cancel_and_at_its_time_limit(
    place: Place, way: str
) -> None:
    limit = 3.0 if way == "timeout" else 100
    handles, tasks = Handles(), list[int]()
    async with place.client() as client:
        for number, kind in enumerate(KINDS):
            pids = place.fifo(f"p{number}")
            tasks.append(await lasting(client, tree(kind, pids), f"q{number}", limit))
            handles.record([await pids.pid() for _ in range(count(kind))])
    await new_broker(place)
    async with place.client(kind="cli") as person:
        if way == "timeout":
            ended = [await end_of(person, task) for task in tasks]
        else:
            assert {report.state for report in await person.tasks()} == {"running"}
            ended = [await person.cancel_task(task) for task in tasks]
    assert handles.survivors(0) == []
    wanted = "timeout" if way == "timeout" else "cancelled"
    assert [report.state for report in ended] == [wanted] * len(KINDS)
    assert max(report.ran_seconds for report in ended) < (3 + GRACE + 2 if way == "timeout" else 30)
    handles.close()


@pytest.mark.parametrize("when", ["after", "with it"])
@within(40)
async def test_when_its_shim_is_killed_too_it_is_lost_and_its_orphans_die(
    place: Place, when: str
) -> None:
    pids = place.fifo("pids")
    async with place.client() as client:
        task_id = await lasting(client, tree("double fork", pids))
    handles = Handles()
    written = [await pids.pid() for _ in range(2)]
    handles.record(written)
    shim = shim_of(written[0])
    if when == "after":
        await new_broker(place)
        shim.kill()
    else:
        broker = place.broker_process()
        broker.suspend()
        shim.kill()
        broker.kill()
    async with place.client() as client:
        assert (await end_of(client, task_id)).state == "lost"
        assert handles.survivors(0) == []
        assert (await client.run_task("true", "/tmp")).state == "success"
    handles.close()


@SOAK
@within(40)
async def test_when_its_shim_hangs_it_can_be_cancelled_all_the_same(place: Place) -> None:
    pids = place.fifo("pids")
    async with place.client() as client:
        task_id = await lasting(client, tree("deaf to TERM", pids))
    pid = await pids.pid()
    await new_broker(place)
    shim = shim_of(pid)
    shim.suspend()
    async with place.client(kind="cli") as person:
        assert (await person.cancel_task(task_id)).state == "cancelled"
    assert not lives(pid)
    assert not lives(shim.pid)


@pytest.mark.parametrize("broker", ["none", "the next"])
@within(40)
async def test_its_result_is_posted_whether_a_broker_saw_its_end_or_not(
    place: Place, broker: str
) -> None:
    gate, pids = place.fifo("gate"), place.fifo("pids")
    async with place.client("alice") as alice:
        task_id = await lasting(alice, f"echo $$ >{pids}; read _ <{gate}; echo done; exit 3")
    shim = shim_of(await pids.pid())
    if broker == "none":
        place.broker_process().kill()
        gate.open()
        await dead(shim.pid)
    else:
        await new_broker(place)
        gate.open()
    async with place.client("alice") as alice, alice.receive(wait_seconds=10) as letter:
        assert letter is not None
        assert letter.id == f"task-{task_id}"
        assert "exit=3" in letter.content


@pytest.mark.parametrize("deaths", [3, pytest.param(25, marks=SOAK)])
@within(90)
async def test_there_is_one_copy_however_often_the_next_broker_is_killed_while_it_adopts(
    place: Place, deaths: int
) -> None:
    gate, pids, ran = place.fifo("gate"), place.fifo("pids"), place.folder / "ran"
    chance = random.Random(7)
    async with place.client() as client:
        command = f"echo ran >>{ran}; echo $$ >{pids}; read _ <{gate}; exit 7"
        task_id = await lasting(client, command)
    pid = await pids.pid()
    place.broker_process().kill()
    for _ in range(deaths):
        starting = place.start(*SIGNALPOST, "broker", "--grace", str(GRACE))
        await anyio.sleep(chance.uniform(0.2, 0.8))
        starting.kill()
        starting.wait()
    async with place.client() as client:
        shown = await client.task_status(task_id)
        assert (shown.state, shown.pid) == ("running", pid)
        gate.open()
        assert (await end_of(client, task_id)).exit_code == 7
    assert ran.read_text().split() == ["ran"]


@within(40)
async def test_what_it_asks_for_itself_still_runs_inside_its_turn(place: Place) -> None:
    gate, pids = place.fifo("gate"), place.fifo("pids")
    inner = f"{sys.executable} -m signalpost run 'echo inner'"
    async with place.client() as client:
        task_id = await lasting(client, f"echo $$ >{pids}; read _ <{gate}; {inner}")
    await pids.pid()
    await new_broker(place)
    gate.open()
    async with place.client() as client:
        ended = await end_of(client, task_id)
    assert (ended.state, ended.tail) == ("success", b"inner\n")


@pytest.mark.parametrize("way", [pytest.param("force", marks=SOAK), "signal", "no store"])
@within(40)
async def test_a_broker_that_is_stopped_takes_it_along_and_one_without_its_row_too(
    place: Place, way: str
) -> None:
    pids = place.fifo("pids")
    async with place.client() as client:
        await lasting(client, tree("deaf to TERM", pids))
    pid = await pids.pid()
    if way == "no store":
        place.broker_process().kill()
        await dead(place.broker().pid)
        for name in ("queue.db", "queue.db-wal", "queue.db-shm", "store.id"):
            (place.state / name).unlink(missing_ok=True)
        async with place.client() as client:
            await client.ping()
            await dead(pid)
        return
    await new_broker(place)
    if way == "force":
        async with place.client(kind="cli") as person:
            await person.stop("force")
    else:
        broker = place.broker_process()
        broker.terminate()
        await dead(broker.pid)
    assert not lives(pid)
