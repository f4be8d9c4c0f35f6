"""Jobs that cannot start, runs that are cancelled, and the end of the launcher itself."""

from __future__ import annotations

import os
import resource
import signal
import sys
from pathlib import Path

import anyio
import msgspec
import pytest

from signalpost.actors.job import Outcome
from signalpost.actors.launcher import Launcher
from signalpost.actors.zygote import MODULES, Zygote
from tests.actors.beat import Beat
from tests.actors.jobs import NewJob
from tests.actors.processes import alive, only_spare
from tests.actors.runs import outcome_of


async def test_without_descriptors_a_job_cannot_start_and_later_ones_can(
    launcher: Launcher, new_job: NewJob
) -> None:
    await launcher.warm()
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    os.kill(only_spare(), signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        outcome = await outcome_of(launcher, new_job("true", 3))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert outcome.reason == "cannot_start"
    assert outcome.error.startswith("Too many open files. ")
    assert (await outcome_of(launcher, new_job("echo ok", 4))).tail == b"ok\n"


async def test_the_last_descriptors_are_no_tasks(launcher: Launcher, new_job: NewJob) -> None:
    await launcher.warm()
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    os.kill(only_spare(), signal.SIGKILL)
    lowest = os.dup(0)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + 10, before[1]))
    try:
        outcome = await outcome_of(launcher, new_job("true", 3))
        os.close(os.dup(0))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert outcome.error.startswith("Too many open files. ")


async def test_an_interpreter_that_is_gone_is_named(new_job: NewJob) -> None:
    outcome = await outcome_of(Launcher(python="/no/such/python"), new_job("true"))
    assert outcome.reason == "cannot_start"
    assert outcome.error == (
        "No such file or directory: /no/such/python."
        " If that lasts, restart the broker: signalpost stop"
    )


async def test_cancelling_a_run_waits_until_its_tree_is_dead(
    launcher: Launcher, new_job: NewJob, beat: Beat
) -> None:
    job = new_job("trap '' TERM; sleep 60 & echo $! > beat; while :; do sleep 1; done")
    sleeper = 0
    async with anyio.create_task_group() as group:
        group.start_soon(outcome_of, launcher, msgspec.structs.replace(job, grace_seconds=0.2))
        sleeper = int(await beat.line())
        group.cancel_scope.cancel()
    assert not alive(sleeper)


async def test_cancelling_a_run_whose_shim_hangs_kills_it_too(
    launcher: Launcher,
    new_job: NewJob,
    beat: Beat,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("signalpost.actors.patience.MARGIN_SECONDS", 0.2)
    job = new_job("sleep 60 & echo $! > beat; wait", grace_seconds=0.1)
    sleeper = 0
    async with anyio.create_task_group() as group:
        group.start_soon(outcome_of, launcher, job)
        sleeper = int(await beat.line())
        os.kill(launcher.shim_pid(1), signal.SIGSTOP)
        group.cancel_scope.cancel()
    assert not alive(sleeper)


async def test_closing_kills_what_runs(new_job: NewJob, beat: Beat) -> None:
    launcher = Launcher()
    outcomes: list[Outcome] = []

    async def run() -> None:
        outcomes.append(await outcome_of(launcher, new_job("echo $$ > beat; sleep 60")))

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        shell = int(await beat.line())
        await launcher.close()
        assert not alive(shell)
    assert outcomes[0].reason == "killed"


async def test_the_zygote_shows_neither_source_nor_environment() -> None:
    zygote = Zygote(sys.executable)
    await zygote.warm()
    arguments = await anyio.Path(f"/proc/{zygote.pid}/cmdline").read_bytes()
    environment = await anyio.Path(f"/proc/{zygote.pid}/environ").read_bytes()
    zygote.close()
    assert b"def " not in arguments
    assert environment.count(b"=") <= 1  # what a C locale makes the interpreter add


async def test_what_runs_in_the_zygote_is_in_its_list() -> None:
    folder = Path(__file__).parents[2] / "actors"
    names = {path.stem async for path in anyio.Path(folder).glob("shim*.py")}
    assert set(MODULES) == names


async def test_without_a_thread_to_start_the_zygote_a_job_is_told_so_and_the_spare_goes_without(
    launcher: Launcher, new_job: NewJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_thread(*_: object, **__: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(anyio.to_thread, "run_sync", no_thread)
        outcome = await outcome_of(launcher, new_job("true"))
    assert outcome.reason == "cannot_start"
    assert outcome.error == (
        "Resource temporarily unavailable. This user has as many processes as are allowed:"
        " end some, or raise ulimit -u."
    )
    assert (await outcome_of(launcher, new_job("true"))).exit_code == 0
