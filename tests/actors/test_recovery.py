"""What a new broker makes of the tasks of an earlier life."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import msgspec
import pytest

from signalpost.actors import recovery, shim_record
from signalpost.actors.job import Outcome
from signalpost.transport.messages import Leftover

pytestmark = pytest.mark.anyio

Spawn = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    """Start a process that lives until it is killed, and see to it that it is."""
    started: list[subprocess.Popen[bytes]] = []

    def start(command: str = "sleep 60", **environment: str) -> subprocess.Popen[bytes]:
        started.append(
            subprocess.Popen(
                ["/bin/sh", "-c", f"echo; exec {command}"],
                env={"PATH": os.environ["PATH"], **environment},
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
        )
        assert started[-1].stdout is not None
        started[-1].stdout.read(1)
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _record(run_dir: Path, task_id: int, shim: int, **fields: object) -> dict[str, Any]:
    record: dict[str, object] = {
        "task_id": task_id,
        "shim": shim,
        "shim_start": shim_record.start_time(shim),
        "boot_id": shim_record.boot_id(),
        "cookie": f"{run_dir}:{task_id}",
    }
    shim_record.write(str(recovery.running_record(run_dir, task_id)), record | fields)
    return record | fields


def _exit(run_dir: Path, task_id: int, outcome: Outcome) -> None:
    recovery.exit_record(run_dir, task_id).write_bytes(msgspec.json.encode(outcome))


async def _settle(run_dir: Path, grace: float = 0.1) -> dict[int, Outcome]:
    with anyio.fail_after(10):
        settled = await recovery.settle(run_dir, grace, clock=lambda: 1234.5)
    assert settled.living == {}
    return settled.outcomes


async def test_an_empty_folder_has_nothing_to_settle(tmp_path: Path) -> None:
    assert await _settle(tmp_path) == {}


async def test_the_recorded_outcome_is_returned(tmp_path: Path) -> None:
    outcome = Outcome(reason="exit", exit_code=3, tail=b"\xff\0x", leftovers=[Leftover("sh", 7)])
    _exit(tmp_path, 5, outcome)
    assert await _settle(tmp_path) == {5: outcome}


async def test_a_task_without_an_outcome_is_lost(tmp_path: Path, spawn: Spawn) -> None:
    shim = spawn("true")
    shim.wait()
    _record(tmp_path, 5, shim.pid, shim_start=1)
    assert await _settle(tmp_path) == {5: Outcome(reason="broker_lost", ended_at=1234.5)}


async def test_a_shim_that_is_finishing_is_waited_for(tmp_path: Path, spawn: Spawn) -> None:
    outcome = Outcome(reason="broker_lost", signal=15)
    (tmp_path / "late").write_bytes(msgspec.json.encode(outcome))
    finish = f"sh -c 'sleep 0.3; mv {tmp_path}/late {recovery.exit_record(tmp_path, 5)}'"
    shim = spawn(finish)
    _record(tmp_path, 5, shim.pid)
    assert await _settle(tmp_path, grace=8) == {5: outcome}
    assert shim.wait() == 0


async def test_a_shim_that_does_not_finish_is_killed(tmp_path: Path, spawn: Spawn) -> None:
    shim = spawn()
    _record(tmp_path, 5, shim.pid)
    assert (await _settle(tmp_path))[5].reason == "broker_lost"
    assert shim.wait() == -signal.SIGKILL


async def test_what_is_below_a_shim_that_hangs_is_killed_too(tmp_path: Path, spawn: Spawn) -> None:
    os.mkfifo(tmp_path / "pid")
    fifo = os.open(tmp_path / "pid", os.O_RDWR)
    shim = spawn(f"sh -c 'env -i setsid sleep 60 & echo $! > {tmp_path}/pid; kill -STOP $$'")
    handle = os.pidfd_open(int(await anyio.to_thread.run_sync(os.read, fifo, 20)))
    os.close(fifo)
    _record(tmp_path, 5, shim.pid)
    assert (await _settle(tmp_path))[5].reason == "broker_lost"
    assert shim.wait() == -signal.SIGKILL
    with anyio.fail_after(5):
        await anyio.wait_readable(handle)
    os.close(handle)


@pytest.mark.parametrize("fields", [{"shim_start": 1}, {"boot_id": "other"}, {"shim_start": 0}])
async def test_another_process_under_the_same_number_is_left_alone(
    tmp_path: Path, spawn: Spawn, fields: dict[str, object]
) -> None:
    other = spawn()
    _record(tmp_path, 5, other.pid, **fields)
    assert (await _settle(tmp_path))[5].reason == "broker_lost"
    assert other.poll() is None


async def test_who_still_carries_the_cookie_is_killed_and_nobody_else(
    tmp_path: Path, spawn: Spawn
) -> None:
    cookie = f"{tmp_path}:5"
    carrier = spawn(SIGNALPOST_TASK=cookie)
    others = [
        spawn(SIGNALPOST_TASK=f"{cookie}0"),
        spawn(SIGNALPOST_TASK=""),
        spawn(NOT_SIGNALPOST_TASK=cookie),
        spawn(),
    ]
    _record(tmp_path, 5, 1, shim_start=1)
    _record(tmp_path, 6, 1, shim_start=1, cookie="")
    await _settle(tmp_path)
    assert carrier.wait() == -signal.SIGKILL
    assert [other.poll() for other in others] == [None] * 4


async def test_what_a_carrier_started_is_killed_with_it(tmp_path: Path, spawn: Spawn) -> None:
    os.mkfifo(tmp_path / "pid")
    command = f"sh -c 'env -i setsid sleep 60 & echo $! > {tmp_path}/pid; wait'"
    fifo = os.open(tmp_path / "pid", os.O_RDWR)
    carrier = spawn(command, SIGNALPOST_TASK=f"{tmp_path}:5")
    below = int(await anyio.to_thread.run_sync(os.read, fifo, 20))
    os.close(fifo)
    handle = os.pidfd_open(below)
    _record(tmp_path, 5, 1, shim_start=1)
    await _settle(tmp_path)
    assert carrier.wait() == -signal.SIGKILL
    with anyio.fail_after(5):
        await anyio.wait_readable(handle)
    os.close(handle)


async def test_a_task_that_ended_is_searched_for_carriers_too(tmp_path: Path, spawn: Spawn) -> None:
    carrier = spawn(SIGNALPOST_TASK=f"{tmp_path}:5")
    _record(tmp_path, 5, 1, shim_start=1)
    _exit(tmp_path, 5, Outcome(reason="exit", exit_code=0))
    assert (await _settle(tmp_path))[5].exit_code == 0
    assert carrier.wait() == -signal.SIGKILL


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b'{"task_id": "x"}'])
async def test_a_damaged_record_is_moved_aside(tmp_path: Path, content: bytes) -> None:
    recovery.running_record(tmp_path, 5).write_bytes(content)
    recovery.exit_record(tmp_path, 6).write_bytes(content)
    outcomes = await _settle(tmp_path)
    assert {task_id: outcome.reason for task_id, outcome in outcomes.items()} == {
        5: "broker_lost",
        6: "broker_lost",
    }
    assert sorted(os.listdir(tmp_path)) == [
        "task_5.running.damaged",
        "task_6.exit.damaged",
    ]


async def test_other_files_in_the_folder_are_none_of_ours(tmp_path: Path) -> None:
    for name in ("broker.json", "task_x.exit", "task_7.exit.tmp", "task_8.log", "task_.running"):
        (tmp_path / name).write_text("{}")
    assert await _settle(tmp_path) == {}
    assert len(os.listdir(tmp_path)) == 5


async def test_a_forgotten_task_has_no_records(tmp_path: Path) -> None:
    _record(tmp_path, 5, 1)
    _record(tmp_path, 55, 1)
    _exit(tmp_path, 5, Outcome(reason="exit"))
    recovery.forget(tmp_path, 5)
    recovery.forget(tmp_path, 5)
    assert os.listdir(tmp_path) == ["task_55.running"]


SETTLER = """
import pathlib, sys, anyio
from signalpost.actors import recovery

anyio.run(recovery.settle, pathlib.Path(sys.argv[1]))
print("alive")
"""


async def test_a_broker_that_was_started_inside_the_task_spares_itself(
    tmp_path: Path, spawn: Spawn
) -> None:
    _record(tmp_path, 5, 1, shim_start=1)
    (tmp_path / "settle.py").write_text(SETTLER)
    (tmp_path / "signalpost").symlink_to(Path(recovery.__file__).parents[1])
    command = f"sh -c '{sys.executable} {tmp_path}/settle.py {tmp_path}; echo and its shell'"
    broker = spawn(command, SIGNALPOST_TASK=f"{tmp_path}:5")
    assert broker.stdout is not None
    assert await anyio.to_thread.run_sync(broker.stdout.read) == b"alive\nand its shell\n"


BROKER = """
import os, sys, anyio, msgspec
from signalpost.actors.job import Job
from signalpost.actors.launcher import Launcher, become_subreaper

async def main():
    become_subreaper()
    launcher = Launcher()
    job = msgspec.json.decode(sys.stdin.buffer.readline(), type=Job)
    await launcher.run(job, lambda pid: print(launcher.shim_pid(1), flush=True))

anyio.run(main)
"""


@pytest.mark.parametrize("also_the_shim", [False, True])
async def test_nothing_of_a_broker_that_was_killed_survives(
    tmp_path: Path, also_the_shim: bool
) -> None:
    job = {
        "task_id": 1,
        "command": "trap '' TERM; setsid sleep 60 & echo $! > pid; while :; do sleep 1; done",
        "working_directory": str(tmp_path),
        "environment": {"PATH": os.environ["PATH"]},
        "umask": 0o022,
        "limits": {},
        "nice": 0,
        "timeout_seconds": 50,
        "grace_seconds": 50,
        "log": str(tmp_path / "task_1.log"),
        "log_header": "",
        "head_bytes": 1000,
        "tail_bytes": 1000,
        "running_record": str(recovery.running_record(tmp_path, 1)),
        "exit_record": str(recovery.exit_record(tmp_path, 1)),
        "cookie": f"{tmp_path}:1",
        "stream": "",
    }
    os.mkfifo(tmp_path / "pid")
    fifo = os.open(tmp_path / "pid", os.O_RDWR)
    with _broker() as broker:
        assert broker.stdin is not None
        assert broker.stdout is not None
        broker.stdin.write(json.dumps(job).encode() + b"\n")
        broker.stdin.flush()
        shim = int(await anyio.to_thread.run_sync(broker.stdout.readline))
        sleeper = int(await anyio.to_thread.run_sync(os.read, fifo, 20))
        handle = os.pidfd_open(sleeper)
        broker.kill()
        if also_the_shim:
            os.kill(shim, signal.SIGKILL)
    os.close(fifo)
    outcome = (await _settle(tmp_path, grace=5))[1]
    assert outcome.reason == "broker_lost"
    assert outcome.signal == (None if also_the_shim else signal.SIGKILL)
    with anyio.fail_after(2):
        await anyio.wait_readable(handle)
    os.close(handle)


def _broker() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", BROKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
