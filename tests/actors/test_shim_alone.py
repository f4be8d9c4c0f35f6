"""A shim whose broker has died, when its task outlives that. Cases 7 and 40."""

from __future__ import annotations

import json
import os
import signal

import anyio
import msgspec
import pytest

from signalpost.actors.job import Outcome
from tests.actors.beat import Beat
from tests.actors.bench import Bench
from tests.actors.direct import direct
from tests.actors.processes import alive

LASTS = "trap 'echo termed' TERM; echo $$ > beat; while :; do sleep 0.05; [ -e go ] && exit 7; done"


async def ended(shim: int, seconds: float = 10) -> None:
    handle = os.pidfd_open(shim)
    with anyio.fail_after(seconds):
        await anyio.wait_readable(handle)
    os.close(handle)
    reap(shim)


def reap(shim: int) -> None:
    os.waitpid(shim, 0)


def recorded(bench: Bench) -> Outcome:
    path = bench.folder / f"task_{bench.count}.exit"
    return msgspec.json.decode(path.read_bytes(), type=Outcome)


async def test_it_goes_on_to_the_end_of_its_command_and_records_that(
    bench: Bench, beat: Beat
) -> None:
    broker, shim = direct(bench.job(LASTS, outlives=True))
    pid = int(await beat.line())
    broker.close()
    record = json.loads((bench.folder / "task_1.running").read_bytes())
    assert (record["shim"], record["outlives"]) == (shim, True)
    (bench.folder / "go").touch()
    await ended(shim)
    assert (recorded(bench).reason, recorded(bench).exit_code) == ("exit", 7)
    assert not alive(pid)


async def test_it_keeps_the_time_limit(bench: Bench, beat: Beat) -> None:
    job = bench.job(LASTS, outlives=True, timeout_seconds=0.5, grace_seconds=0.1)
    broker, shim = direct(job)
    await beat.line()
    broker.close()
    await ended(shim)
    assert recorded(bench).reason == "timeout"
    assert recorded(bench).ran_seconds >= 0.5


async def test_a_signal_has_it_kill_the_task_with_its_grace(bench: Bench, beat: Beat) -> None:
    broker, shim = direct(bench.job(LASTS, outlives=True, grace_seconds=0.1))
    pid = int(await beat.line())
    broker.close()
    os.kill(shim, signal.SIGTERM)
    await ended(shim)
    outcome = recorded(bench)
    assert (outcome.reason, outcome.signal) == ("killed", signal.SIGKILL)
    assert b"termed" in outcome.tail
    assert not alive(pid)


async def test_the_same_signal_means_nothing_while_its_broker_lives(
    bench: Bench, beat: Beat
) -> None:
    broker, shim = direct(bench.job(LASTS, outlives=True))
    await beat.line()
    os.kill(shim, signal.SIGTERM)
    (bench.folder / "go").touch()
    await ended(shim)
    assert recorded(bench).reason == "exit"
    broker.close()


async def test_a_task_that_is_being_killed_does_not_outlive_its_broker(
    bench: Bench, beat: Beat
) -> None:
    broker, shim = direct(bench.job(LASTS, outlives=True, grace_seconds=60))
    await beat.line()
    broker.sendall(b'{"op": "kill"}\n')
    broker.close()
    await ended(shim, 2)
    assert recorded(bench).reason == "killed"


async def test_a_task_that_could_not_be_recorded_does_not_outlive_its_broker(
    bench: Bench, beat: Beat
) -> None:
    job = bench.job(LASTS, outlives=True, running_record="/no/such/record")
    broker, shim = direct(job)
    await beat.line()
    broker.close()
    await ended(shim, 2)
    assert recorded(bench).reason == "broker_lost"


@pytest.mark.parametrize("outlives", [True, False])
async def test_a_shim_that_comes_to_its_job_after_its_brokers_death_leaves_it_alone(
    bench: Bench, outlives: bool
) -> None:
    _, shim = direct(bench.job("echo ran > ran", outlives=outlives), dead=True)
    await ended(shim)
    assert os.listdir(bench.folder) == []


async def test_a_task_that_has_a_record_already_is_not_run_a_second_time(bench: Bench) -> None:
    record = bench.folder / "task_1.running"
    record.write_text("{}")
    broker, shim = direct(bench.job("echo ran > ran"))
    await ended(shim)
    broker.close()
    assert record.read_text() == "{}"
    assert not (bench.folder / "ran").exists()
    assert not (bench.folder / "task_1.exit").exists()
