"""What the launcher is promised of shims that wait, briefed for a job or not."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import msgspec

from signalpost.actors import shim_tree
from signalpost.actors.launcher import Launcher
from signalpost.actors.spares import MOST_BRIEFED
from tests.actors.jobs import NewJob
from tests.actors.processes import alive, only_spare, own_children, zygote_of
from tests.actors.runs import outcome_of


@asynccontextmanager
async def briefed(launcher: Launcher, new_job: NewJob) -> AsyncGenerator[int]:
    """Have a shim briefed for job 1, another one be the spare, and give the first's pid."""
    with anyio.fail_after(30):
        await launcher.warm()
        shim = only_spare()
        launcher.brief(new_job("echo $PPID"))
        await launcher.warm()
        yield shim


async def test_a_briefed_job_is_done_by_the_shim_that_knows_it(
    launcher: Launcher, new_job: NewJob
) -> None:
    async with briefed(launcher, new_job) as shim:
        outcome = await outcome_of(launcher, new_job("echo $PPID"))
        assert int(outcome.tail) == shim


async def test_nothing_is_seen_of_a_briefed_job(
    launcher: Launcher, new_job: NewJob, tmp_path: Path
) -> None:
    async with briefed(launcher, new_job):
        assert os.listdir(tmp_path) == []


async def test_the_log_begins_when_the_turn_has_come(
    launcher: Launcher, new_job: NewJob, tmp_path: Path
) -> None:
    async with briefed(launcher, new_job):
        await outcome_of(launcher, new_job("echo $PPID", log_header="now\n"))
        assert (tmp_path / "task_1.log").read_bytes().startswith(b"now\n")


async def test_another_job_is_done_by_another_shim(launcher: Launcher, new_job: NewJob) -> None:
    async with briefed(launcher, new_job) as shim:
        outcome = await outcome_of(launcher, new_job("echo $PPID", 2))
        assert int(outcome.tail) != shim
        assert alive(shim)


async def test_a_job_that_has_changed_since_is_done_as_it_is_now(
    launcher: Launcher, new_job: NewJob
) -> None:
    async with briefed(launcher, new_job) as shim:
        job = msgspec.structs.replace(new_job("echo $PPID"), outlives=True)
        outcome = await outcome_of(launcher, job)
        assert int(outcome.tail) != shim
        await gone(shim)


async def test_a_briefed_shim_that_is_dismissed_does_nothing_and_is_gone(
    launcher: Launcher, new_job: NewJob, tmp_path: Path
) -> None:
    async with briefed(launcher, new_job) as shim:
        launcher.dismiss(1)
        await gone(shim)
        assert os.listdir(tmp_path) == []


async def test_a_briefed_shim_that_was_killed_is_replaced(
    launcher: Launcher, new_job: NewJob
) -> None:
    async with briefed(launcher, new_job) as shim:
        os.kill(shim, signal.SIGKILL)
        outcome = await outcome_of(launcher, new_job("echo $PPID"))
        assert int(outcome.tail) != shim


async def test_a_briefed_shim_does_not_outlive_its_broker_and_starts_nothing(
    launcher: Launcher, new_job: NewJob, tmp_path: Path
) -> None:
    async with briefed(launcher, new_job) as shim:
        os.kill(zygote_of(shim), signal.SIGKILL)  # it would be the one to reap it
        await launcher.close()
        await gone(shim)
        assert os.listdir(tmp_path) == []


async def test_who_waits_behind_it_hears_of_a_death_before_its_outcome(
    launcher: Launcher, new_job: NewJob, tmp_path: Path
) -> None:
    told: list[bool] = []

    def dead() -> None:
        told.append((tmp_path / "task_1.running").exists())

    with anyio.fail_after(30):
        outcome = await launcher.run(new_job("echo x"), lambda _: None, dead)
    assert told == [True]
    assert outcome.tail == b"x\n"


async def test_only_a_few_are_briefed_however_many_wait(
    launcher: Launcher, new_job: NewJob
) -> None:
    with anyio.fail_after(30):
        for number in range(1, MOST_BRIEFED + 3):
            await launcher.warm()
            launcher.brief(new_job("true", number))
        (zygote,) = (pid for pid in own_children() if shim_tree.children(pid))
        assert len(shim_tree.children(zygote)) == MOST_BRIEFED + 1
        assert (await outcome_of(launcher, new_job("true", MOST_BRIEFED + 2))).exit_code == 0


async def gone(pid: int) -> None:
    if alive(pid):
        handle = os.pidfd_open(pid)
        await anyio.wait_readable(handle)
        os.close(handle)
