"""A command that stops its own shim holds nobody up for longer than its time."""

from __future__ import annotations

import psutil

from tests.system.fifo import Fifo
from tests.system.place import Place, within
from tests.system.processes import Handles
from tests.system.puppet import Ask, Puppet, puppet

_HANGS = (
    "echo up; until grep -qs ^up {state}/output/task_*.log; do sleep 0.01; done;"
    " kill -STOP $PPID; env -i setsid sleep 1000 & echo $! >{pids}; wait"
)


async def hang(client: Puppet, place: Place, pids: Fifo, timeout_seconds: float = 100) -> Ask:
    """Start a command that stops its shim."""
    command = _HANGS.format(state=place.state, pids=pids)
    return client.run_task(command, timeout_seconds=timeout_seconds)


async def tree_of(pids: Fifo) -> Handles:
    """Record all of a hanging task, its shim included, once it hangs."""
    sleeper = psutil.Process(await pids.pid())
    handles = Handles()
    handles.record([sleeper.pid, *(process.pid for process in sleeper.parents()[:2])])
    return handles


@within(30)
async def test_the_time_limit_ends_it_and_the_next_one_runs(place: Place) -> None:
    pids = place.fifo("pids")
    async with puppet(place) as client:
        hanging = await hang(client, place, pids, timeout_seconds=1)
        tree = await tree_of(pids)
        following = client.run_task("echo ran")
        ended = await hanging.report()
        assert tree.survivors(0) == []
        assert (ended.state, ended.tail) == ("timeout", b"up\n")
        assert (await following.report()).state == "success"
    tree.close()


@within(30)
async def test_it_can_be_looked_at_and_cancelled(place: Place) -> None:
    pids = place.fifo("pids")
    async with puppet(place) as client:
        hanging = await hang(client, place, pids)
        tree = await tree_of(pids)
        task_id = await hanging.heard.accepted()
        looked = await client.ask("task_status", task_id=task_id, wait_seconds=0, lines=5).report()
        assert (looked.state, looked.tail) == ("running", b"up\n")
        ended = await client.ask("cancel_task", task_id=task_id).report()
        assert tree.survivors(0) == []
        assert ended.state == "cancelled"
    tree.close()


@within(30)
async def test_a_stop_by_force_ends_it(place: Place) -> None:
    pids = place.fifo("pids")
    async with puppet(place) as client, place.client() as person:
        hanging = await hang(client, place, pids)
        tree = await tree_of(pids)
        await person.stop("force")
        assert tree.survivors(0) == []
        assert (await hanging.report()).state == "lost"
    tree.close()


@within(30)
async def test_a_signal_to_the_broker_ends_it(place: Place) -> None:
    pids = place.fifo("pids")
    place.options = ("--grace", "60")
    async with puppet(place) as client:
        await hang(client, place, pids)
        tree = await tree_of(pids)
        broker = place.family()
        place.broker_process().terminate()
        await tree.all_dead(8)
        await broker.all_dead(3)
    tree.close()


@within(30)
async def test_the_next_broker_ends_it_before_it_serves(place: Place) -> None:
    pids = place.fifo("pids")
    async with puppet(place) as client, place.client() as person:
        hanging = await hang(client, place, pids)
        tree = await tree_of(pids)
        place.broker_process().kill()
        await person.ping()
        assert tree.survivors(0) == []
        assert (await hanging.report()).state == "lost"
    tree.close()
