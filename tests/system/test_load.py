"""Many who wait, many who knock (case 9), and a folder that is taken away."""

from __future__ import annotations

import shutil
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import anyio
import pytest

from signalpost.transport.errors import BrokerUnavailable, ShuttingDown
from tests.system.place import Place, within
from tests.system.processes import bound_to
from tests.system.puppet import puppet

WINDOW_SECONDS = 3.0
STORM = """
import resource, socket, sys, time
resource.setrlimit(resource.RLIMIT_NOFILE, (1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
path, count = sys.argv[1], int(sys.argv[2])
kept = []
until = time.monotonic() + 1
while len(kept) < count and time.monotonic() < until:
    knock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    knock.setblocking(False)
    if knock.connect_ex(path):
        time.sleep(0.001)  # so many wait at the door that no more may
    else:
        kept.append(knock)
print("stormed", flush=True)
sys.stdin.read()
"""


def on_cpu(pid: int) -> float:
    """Return the seconds that all threads of a process have run, to the nanosecond."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


@within(40)
async def test_a_hundred_who_wait_cost_no_processor_time(place: Place) -> None:
    gate = place.fifo("gate")
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(puppet(place, f"c{n}")) for n in range(4)]
        await clients[0].run_task(f"read _ <{gate}").heard.running()
        asks = [client.run_task(f": {n}") for n in range(25) for client in clients]
        for ask in asks:
            await ask.heard.accepted()
        await clients[0].ask("ping").result()
        pids = [place.broker().pid, *(client.pid for client in clients)]
        before = [on_cpu(pid) for pid in pids]
        await anyio.sleep(WINDOW_SECONDS)  # what is measured is this time passing
        used = [on_cpu(pid) - was for pid, was in zip(pids, before, strict=True)]
        gate.open()
        assert {(await ask.report()).state for ask in asks} == {"success"}
    assert used[0] < 0.01 * WINDOW_SECONDS, used
    assert sum(used) < 0.02 * WINDOW_SECONDS, used


@within(40)
async def test_a_storm_of_connections_does_not_end_the_broker(place: Place) -> None:
    limited = ("/bin/sh", "-c", 'ulimit -n 256; exec "$@"', "sh")
    broker = await place.serve("--grace", "0.5", before=limited)
    path = place.broker().endpoint.removeprefix("ipc://")
    async with place.client(start=False) as client:
        session = client.welcome
        for _ in range(2):
            storm = place.start(sys.executable, "-c", STORM, path, "600")
            assert storm.stdout is not None
            await anyio.to_thread.run_sync(storm.stdout.readline)
            for _ in range(2):
                assert (await client.run_task("true", "/tmp")).state == "success"
            assert (await client.info()).open_files < 256
            storm.kill()
            await anyio.to_thread.run_sync(storm.wait)
            async with place.client(start=False) as late:
                assert (await late.run_task("true", "/tmp")).state == "success"
        assert client.welcome is session  # it was never cut off
    assert broker.poll() is None


@within(40)
async def test_a_data_dir_that_is_removed_under_a_running_task(place: Place) -> None:
    gate = place.fifo("gate")
    async with puppet(place) as caller, place.client() as other:
        first = await other.run_task("true", "/tmp")
        running = caller.run_task(f"read _ <{gate}; echo end")
        await running.heard.running()
        broker = place.broker().pid
        family = place.family()
        shutil.rmtree(place.state)
        with pytest.raises(BrokerUnavailable, match="already serves"):
            async with place.client():
                pass
        assert bound_to(place.state).count(broker) == 1
        with pytest.raises(ShuttingDown):
            await other.run_task("true", "/tmp")
        gate.open()
        ended = await running.report()
        assert (ended.state, ended.tail) == ("success", b"end\n")
        await family.all_dead(5)
        fresh = await other.run_task("true", "/tmp")
    assert place.broker().pid != broker
    assert first.task_id < ended.task_id < fresh.task_id
