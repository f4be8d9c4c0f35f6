"""What the broker is promised when it runs jobs."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
from pathlib import Path

import anyio
import anyio.lowlevel
import anyio.to_thread

from signalpost.actors.job import Job, Outcome
from signalpost.actors.launcher import Launcher
from tests.actors.beat import Beat
from tests.actors.jobs import NewJob
from tests.actors.processes import alive, own_children
from tests.actors.runs import outcome_of


async def test_the_pid_of_the_shell_is_told_at_its_start(
    launcher: Launcher, new_job: NewJob
) -> None:
    pids: list[int] = []
    outcome = await outcome_of(launcher, new_job("echo $$"), pids.append)
    assert pids == [int(outcome.tail)]


async def test_jobs_run_side_by_side(launcher: Launcher, new_job: NewJob, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "meet")
    outcomes: list[Outcome] = []

    async def one(job: Job) -> None:
        outcomes.append(await outcome_of(launcher, job))

    async with anyio.create_task_group() as group:
        group.start_soon(one, new_job("echo hello > meet", 1))
        group.start_soon(one, new_job("cat meet", 2))
    assert sorted(outcome.tail for outcome in outcomes) == [b"", b"hello\n"]


async def test_many_jobs_leave_no_process_and_no_descriptor(new_job: NewJob) -> None:
    before, fds = own_children(), len(os.listdir("/proc/self/fd"))
    launcher = Launcher()
    for number in range(5):
        await outcome_of(launcher, new_job("sleep 60 & true", number))
    await launcher.close()
    assert own_children() == before
    assert len(os.listdir("/proc/self/fd")) == fds


async def test_an_environment_of_a_megabyte_is_handed_over(
    launcher: Launcher, new_job: NewJob
) -> None:
    environment = {f"V{i}": "\udcff" * 1000 for i in range(1000)}
    job = new_job("echo ok", environment=environment)
    assert (await outcome_of(launcher, job)).tail == b"ok\n"


async def test_a_kill_ends_the_tree_before_the_outcome(
    launcher: Launcher, new_job: NewJob, beat: Beat
) -> None:
    job = new_job("setsid sleep 60 & echo $! > beat; wait")
    outcomes: list[Outcome] = []

    async def run() -> None:
        outcomes.append(await outcome_of(launcher, job))

    sleeper = 0
    async with anyio.create_task_group() as group:
        group.start_soon(run)
        sleeper = int(await beat.line())
        launcher.kill(job.task_id)
    assert (outcomes[0].reason, outcomes[0].signal) == ("killed", signal.SIGTERM)
    assert not alive(sleeper)


async def test_a_job_that_is_killed_before_its_shim_is_there_never_starts(
    launcher: Launcher, new_job: NewJob, tmp_path: Path
) -> None:
    outcomes: list[Outcome] = []

    async def run() -> None:
        outcomes.append(await outcome_of(launcher, new_job("touch here")))

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await anyio.lowlevel.checkpoint()
        launcher.kill(1)
    assert outcomes[0].reason == "killed"
    assert not (tmp_path / "here").exists()


async def test_tail_and_follow_show_what_runs(
    launcher: Launcher, new_job: NewJob, beat: Beat
) -> None:
    job = new_job("echo first; echo > beat; read x < beat2; echo second", log_header="head\n")
    folder = Path(job.working_directory)
    os.mkfifo(folder / "beat2")
    with tempfile.TemporaryDirectory(dir="/tmp") as sockets, socket.socket(socket.AF_UNIX) as peer:
        peer.bind(f"{sockets}/out.sock")
        peer.listen()
        peer.settimeout(10)
        async with anyio.create_task_group() as group:
            group.start_soon(outcome_of, launcher, job)
            await beat.line()
            assert await launcher.tail(1) == b"first\n"
            assert launcher.shim_pid(1) > 0
            launcher.follow(1, f"{sockets}/out.sock")
            end, _ = await anyio.to_thread.run_sync(peer.accept)
            with end:
                end.settimeout(10)
                assert await anyio.to_thread.run_sync(end.recv, 13) == (
                    b"@\0\0\0\x08" + (11).to_bytes(8, "big")
                )
                os.close(os.open(folder / "beat2", os.O_WRONLY))
                assert await anyio.to_thread.run_sync(end.recv, 100) == b"1\0\0\0\x07second\n"
                assert await anyio.to_thread.run_sync(end.recv, 100) == b""
    assert await launcher.tail(1) == b""
    assert launcher.shim_pid(1) == 0


async def test_the_caller_gets_everything_although_it_reads_after_the_end(
    launcher: Launcher, new_job: NewJob
) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as sockets, socket.socket(socket.AF_UNIX) as peer:
        peer.bind(f"{sockets}/out.sock")
        peer.listen()
        command = "head -c 10000000 /dev/zero & sleep 0.3; exit 3"
        outcome = await outcome_of(launcher, new_job(command, stream=f"{sockets}/out.sock"))
        assert (outcome.exit_code, [left.name for left in outcome.leftovers]) == (3, ["head"])
        end, _ = await anyio.to_thread.run_sync(peer.accept)
        assert await anyio.to_thread.run_sync(_read_frames, end) == outcome.output_bytes


def _read_frames(end: socket.socket) -> int:
    total = 0
    with end, end.makefile("rb") as file:
        while head := file.read(5):
            total += len(file.read(int.from_bytes(head[1:], "big")))
    return total


async def test_a_slow_caller_slows_the_command(
    launcher: Launcher, new_job: NewJob, tmp_path: Path
) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as sockets, socket.socket(socket.AF_UNIX) as peer:
        peer.bind(f"{sockets}/out.sock")
        peer.listen()
        job = new_job(
            "head -c 20000000 /dev/zero; touch done",
            stream=f"{sockets}/out.sock",
            timeout_seconds=0.5,
        )
        outcome = await outcome_of(launcher, job)
        assert outcome.reason == "timeout"
        assert outcome.output_bytes < 5_000_000
        assert not (tmp_path / "done").exists()
