"""How a broker ends, and what it survives."""

from __future__ import annotations

import signal
import time

import anyio
import psutil
import pytest
from anyio.lowlevel import checkpoint

from signalpost.transport import endpoint
from signalpost.transport.errors import BadRequest, BrokerUnavailable, ShuttingDown
from tests.system.commands import tree
from tests.system.place import SIGNALPOST, Place, within
from tests.system.puppet import puppet

TERM_SECONDS = 3.0
STORE_SECONDS = 5.0


def left_open(place: Place) -> list[str]:
    """Return what should be gone once store and socket were closed in order."""
    run = place.state / "run"
    found = (*place.state.glob("queue.db-*"), *run.glob("*.sock"), *run.glob("*.json"))
    return [path.name for path in found]


@within(20)
async def test_a_stop_is_refused_while_tasks_are_open_and_names_them(place: Place) -> None:
    gate = place.fifo("gate")
    async with place.client() as client:
        task = await client.run_task(f"read _ <{gate}", "/tmp", notify=True)
        with pytest.raises(BadRequest, match=rf"1 task\(s\) are open: {task.task_id} \(read"):
            await client.stop()
        gate.open()
        assert (await client.task_status(task.task_id, None)).state == "success"
        family = place.family()
        await client.stop()
        await family.all_dead(5)
    assert left_open(place) == []


@within(20)
async def test_a_stop_that_waits_lets_open_tasks_end_and_takes_no_new_ones(place: Place) -> None:
    gate = place.fifo("gate")
    async with place.client() as client, puppet(place) as other:
        running = other.run_task(f"read _ <{gate}")
        await running.heard.running()
        waiting = other.run_task("echo waited")
        await waiting.heard.waiting()
        family = place.family()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.stop, "wait")
            await checkpoint()  # it is sent
            await client.ping()  # answered after it was taken up
            with pytest.raises(ShuttingDown, match="stop"):
                await other.run_task("echo late").result()
            gate.open()
        assert (await running.report()).state == "success"
        assert (await waiting.report()).state == "success"
        await family.all_dead(5)
    assert left_open(place) == []


@within(20)
async def test_a_stop_by_force_kills_and_tells_the_callers(place: Place) -> None:
    pids = place.fifo("pids")
    async with place.client() as client, puppet(place) as other:
        running = other.run_task(tree("double fork", pids))
        await pids.pid()
        waiting = other.run_task("echo next")
        await waiting.heard.waiting()
        family = place.family()
        await client.stop("force")
        assert (await running.report()).state == "lost"
        assert (await waiting.report()).state in {"cancelled", "lost"}
        await family.all_dead(5)
    assert left_open(place) == []
    states = [row[0] for row in place.stored("SELECT state FROM tasks ORDER BY id")]
    assert states[0] == "lost"
    assert set(states) <= {"lost", "cancelled"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@within(20)
async def test_a_signal_ends_it_within_bounds_whatever_the_tasks_do(
    place: Place, number: signal.Signals
) -> None:
    place.options = ("--grace", "60")
    pids = place.fifo("pids")
    async with puppet(place) as client:
        running = client.run_task(tree("deaf to TERM", pids))
        await pids.pid()
        family = place.family()
        began = time.monotonic()
        place.broker_process().send_signal(number)
        await family.all_dead(TERM_SECONDS + STORE_SECONDS)
        assert time.monotonic() - began < TERM_SECONDS + STORE_SECONDS
        assert left_open(place) == []
        assert (await running.report()).state == "lost"


@within(20)
async def test_a_broker_started_by_hand_serves_in_the_foreground_until_a_signal(
    place: Place,
) -> None:
    broker = await place.serve("--idle-exit", "0.001")
    async with place.client(start=False) as client:
        assert (await client.info()).pid == broker.pid
        with pytest.raises(BrokerUnavailable, match=f"pid {broker.pid}"):
            await second_broker(place)
    broker.terminate()
    assert await anyio.to_thread.run_sync(broker.wait) == 0
    assert endpoint.find(place.state) is None
    assert left_open(place) == []


async def second_broker(place: Place) -> None:
    done = await place.run(*SIGNALPOST, "broker")
    assert done.returncode != 0
    raise BrokerUnavailable(done.stderr.decode())


@within(30)
async def test_a_broker_that_is_stopped_for_a_while_loses_nobody(place: Place) -> None:
    gate = place.fifo("gate")
    async with puppet(place, "a") as one, puppet(place, "b") as two:
        running = one.run_task(f"read _ <{gate}")
        await running.heard.running()
        waiting = two.run_task("true")
        await waiting.heard.waiting()
        broker = place.broker_process()
        broker.suspend()
        await anyio.sleep(4)  # the time that it stands still is what is tested
        gate.open()
        broker.resume()
        assert (await running.report()).state == "success"
        assert (await waiting.report()).state == "success"
        assert place.broker().pid == broker.pid
        assert (await one.ask("info").result())["sessions"] == 2


@within(30)
async def test_a_client_that_is_stopped_for_a_while_keeps_its_task(place: Place) -> None:
    gate = place.fifo("gate")
    async with puppet(place) as client, place.client() as watcher:
        running = client.run_task(f"read _ <{gate}")
        task_id = await running.heard.running()
        stopped = psutil.Process(client.pid)
        stopped.suspend()
        await anyio.sleep(4)
        assert (await watcher.task_status(task_id)).state == "running"
        gate.open()
        assert (await watcher.task_status(task_id, None)).state == "success"
        stopped.resume()
        assert (await running.report()).state == "success"
