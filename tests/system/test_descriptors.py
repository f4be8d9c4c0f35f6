"""Case 9: descriptors run out, by connections and by tasks at once."""

from __future__ import annotations

import sys

import anyio
import anyio.to_thread

from signalpost.transport.messages import TaskReport
from tests.system.place import Place, within
from tests.system.test_load import STORM

LIMIT = 128
NEWCOMERS = 300
TASKS = 128
"""More at once than there are descriptors left, whatever the newcomers hold."""
QUEUES = ("left", "right")
OPTIONS = ("--grace", "0.5", "--queue", "left=64", "--queue", "right=64")


@within(60)
async def test_without_descriptors_new_work_is_told_so_what_runs_goes_on_and_all_works_again(
    place: Place,
) -> None:
    limited = ("/bin/sh", "-c", f'ulimit -n {LIMIT}; exec "$@"', "sh")
    broker = await place.serve(*OPTIONS, before=limited)
    path = place.broker().endpoint.removeprefix("ipc://")
    gate, ready = place.fifo("gate"), place.fifo("ready")
    ended: list[TaskReport] = []
    async with place.client("alice", start=False) as alice:

        async def one(number: int) -> None:
            command = f"echo {number} >{ready}; read _ <{gate}"
            ended.append(await alice.run_task(command, "/tmp", queue_name=QUEUES[number % 2]))
            failed.set() if ended[-1].state == "failed" else None

        failed = anyio.Event()
        storm = place.start(sys.executable, "-c", STORM, path, str(NEWCOMERS))
        assert storm.stdout is not None
        await anyio.to_thread.run_sync(storm.stdout.readline)
        async with anyio.create_task_group() as tasks:
            for number in range(TASKS):
                tasks.start_soon(one, number)
            await failed.wait()
            assert (await alice.send("alice", "mail goes on")).sent
            assert (await alice.info()).open_files <= LIMIT
            storm.kill()
            gate.open(TASKS)
        async with place.client("late", start=False) as late:
            assert (await late.run_task("true", "/tmp")).state == "success"
    assert broker.poll() is None
    done = [report for report in ended if report.state == "success"]
    refused = [report for report in ended if report.state == "failed"]
    assert len(done) + len(refused) == TASKS
    assert len(done) > 10
    assert all(report.reason.startswith("Too many open files.") for report in refused)
    assert len(ready.lines_so_far()) == len(done)
