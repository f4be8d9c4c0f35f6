"""A shim that hangs, as one that its own command has stopped, does not hold the broker up."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from signalpost.actors.job import Job, Outcome
from signalpost.actors.launcher import Launcher
from tests.actors.beat import Beat
from tests.actors.jobs import NewJob
from tests.actors.processes import alive, only_spare, own_children, zygote_of
from tests.actors.runs import outcome_of

# What it has said is lost when its shim has not yet read it.
SAID = "echo up; until grep -qs up task_1.log; do sleep 0.01; done"
STOPS = f"{SAID}; kill -STOP $PPID; setsid env -i sleep 60 & echo $! > beat; wait"


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signalpost.actors.patience.MARGIN_SECONDS", 0.3)


@asynccontextmanager
async def running(launcher: Launcher, job: Job) -> AsyncGenerator[list[Outcome]]:
    """Have a job run meanwhile; its outcome is there at the end of the block."""
    outcomes: list[Outcome] = []

    async def run() -> None:
        outcomes.append(await outcome_of(launcher, job))

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        yield outcomes


async def test_the_time_limit_is_kept(launcher: Launcher, new_job: NewJob, beat: Beat) -> None:
    job = new_job(STOPS, timeout_seconds=0.3, grace_seconds=0.1)
    async with running(launcher, job) as outcomes:
        sleeper = int(await beat.line())
        shim = launcher.shim_pid(1)
    assert not alive(sleeper)
    assert not alive(shim)
    assert (outcomes[0].reason, outcomes[0].tail) == ("timeout", b"up\n")
    assert outcomes[0].error == "its shim hung and was killed"
    assert outcomes[0].ran_seconds >= 0.3


@pytest.mark.parametrize("grace", [0.1, 50])
async def test_a_kill_is_obeyed(
    launcher: Launcher, new_job: NewJob, beat: Beat, grace: float
) -> None:
    async with running(launcher, new_job(STOPS, grace_seconds=grace)) as outcomes:
        sleeper = int(await beat.line())
        launcher.kill(1)
        launcher.limit_grace(0.1)
    assert not alive(sleeper)
    assert (outcomes[0].reason, outcomes[0].tail) == ("killed", b"up\n")


async def test_the_output_so_far_is_that_of_the_log(
    launcher: Launcher, new_job: NewJob, beat: Beat
) -> None:
    async with running(launcher, new_job(STOPS, grace_seconds=0.1)):
        await beat.line()
        with anyio.fail_after(5):
            assert await launcher.tail(1) == b"up\n"
            assert await launcher.tail(1) == b"up\n"
        launcher.kill(1)


async def test_an_answer_that_comes_too_late_does_no_harm(
    launcher: Launcher, new_job: NewJob, beat: Beat, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "beat2")
    job = new_job("kill -STOP $PPID; echo > beat; echo ok; read _ < beat2")
    async with running(launcher, job) as outcomes:
        await beat.line()
        await launcher.tail(1)
        os.kill(launcher.shim_pid(1), signal.SIGCONT)
        with anyio.fail_after(5):
            while await launcher.tail(1) != b"ok\n":
                await anyio.lowlevel.checkpoint()
        os.close(os.open(tmp_path / "beat2", os.O_WRONLY))
    assert outcomes[0].tail == b"ok\n"


async def test_a_zygote_that_hangs_costs_one_job(
    launcher: Launcher, new_job: NewJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signalpost.actors.launcher._TAKE_SECONDS", 0.3)
    await launcher.warm()
    spare = only_spare()
    os.kill(zygote_of(spare), signal.SIGSTOP)
    os.kill(spare, signal.SIGSTOP)
    assert (await outcome_of(launcher, new_job("true"))).reason == "cannot_start"
    monkeypatch.undo()
    assert (await outcome_of(launcher, new_job("echo ok", 2))).tail == b"ok\n"


async def test_a_job_that_is_killed_while_its_shim_hangs_never_starts(
    launcher: Launcher, new_job: NewJob
) -> None:
    await launcher.warm()
    os.kill(only_spare(), signal.SIGSTOP)
    async with running(launcher, new_job("echo > here", grace_seconds=0.1)) as outcomes:
        await anyio.lowlevel.checkpoint()
        launcher.kill(1)
    assert outcomes[0].reason == "killed"


async def test_closing_leaves_no_spare_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signalpost.actors.launcher._DEATH_SECONDS", 0.3)
    before = own_children()
    launcher = Launcher()
    await launcher.warm()
    spare = only_spare()
    os.kill(spare, signal.SIGSTOP)
    await launcher.close()
    assert not alive(spare)
    assert own_children() == before
