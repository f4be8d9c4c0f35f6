"""What the broker is promised whatever happens to the processes below."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from signalpost.actors import shim_tree
from signalpost.actors.job import Job, Outcome
from signalpost.actors.launcher import Launcher
from signalpost.actors.zygote import Zygote
from tests.actors.beat import Beat
from tests.actors.jobs import NewJob
from tests.actors.processes import alive, only_spare, own_children, zygote_of
from tests.actors.runs import outcome_of


async def test_a_spare_that_was_killed_is_replaced_unseen(
    launcher: Launcher, new_job: NewJob
) -> None:
    await launcher.warm()
    os.kill(only_spare(), signal.SIGKILL)
    assert (await outcome_of(launcher, new_job("echo ok"))).tail == b"ok\n"


async def test_a_zygote_that_was_killed_is_replaced_unseen(
    launcher: Launcher, new_job: NewJob
) -> None:
    await launcher.warm()
    spare = only_spare()
    os.kill(zygote_of(spare), signal.SIGKILL)
    os.kill(spare, signal.SIGKILL)
    assert (await outcome_of(launcher, new_job("echo ok"))).tail == b"ok\n"


async def test_a_zygote_whose_death_nobody_has_noticed_yet_ends_what_is_ordered_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = Zygote(sys.executable)
    await one.warm()
    handle = os.pidfd_open(one.pid)
    os.kill(one.pid, signal.SIGKILL)
    select.select([handle], [], [], 10)
    os.close(handle)
    monkeypatch.setattr(one, "warm", checkpoint_nowhere)
    with await one.fork() as ordered:
        assert ordered.recv(1) == b""
    assert one.pid == 0


async def test_a_zygote_that_starts_while_a_dead_task_is_cleared_up_is_not_taken_for_its_orphan(
    launcher: Launcher, new_job: NewJob, beat: Beat
) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(outcome_of, launcher, new_job("echo > beat; sleep 60"))
        await beat.line()
        zygote = zygote_of(launcher.shim_pid(1))
        for pid in (zygote, *shim_tree.children(zygote)):
            os.kill(pid, signal.SIGKILL)
        assert (await outcome_of(launcher, new_job("echo ok", 2))).tail == b"ok\n"


async def checkpoint_nowhere() -> None:
    """Give the loop no turn, in which it would notice."""


async def test_a_job_outlives_the_death_of_the_zygote(
    launcher: Launcher, new_job: NewJob, beat: Beat
) -> None:
    before = own_children()
    outcomes: list[Outcome] = []

    async def run() -> None:
        outcomes.append(await outcome_of(launcher, new_job("echo > beat; sleep 0.2; echo ok")))

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await beat.line()
        os.kill(zygote_of(launcher.shim_pid(1)), signal.SIGKILL)
    assert outcomes[0].tail == b"ok\n"
    await launcher.close()
    assert own_children() == before


@pytest.mark.parametrize(
    "tree",
    [
        "setsid sh -c 'trap \"\" TERM; echo $$ > beat; while :; do sleep 1; done' & wait",
        "exec env -i sh -c 'setsid sleep 60 & echo $! > beat; wait'",
    ],
)
async def test_when_a_shim_was_killed_nothing_of_its_task_is_left(
    launcher: Launcher, new_job: NewJob, beat: Beat, tree: str
) -> None:
    outcomes: list[Outcome] = []

    async def run() -> None:
        outcomes.append(await outcome_of(launcher, new_job(tree)))

    survivor = 0
    async with anyio.create_task_group() as group:
        group.start_soon(run)
        survivor = int(await beat.line())
        os.kill(launcher.shim_pid(1), signal.SIGKILL)
    assert outcomes[0].reason == "shim_lost"
    assert not alive(survivor)


async def test_a_chain_of_forks_dies_with_its_shim(
    launcher: Launcher, new_job: NewJob, beat: Beat, tmp_path: Path
) -> None:
    chain = """if True:
        import os
        if os.fork(): os._exit(0)
        fd = os.open("count", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        open("beat", "w").write("up\\n")
        while True:
            os.setsid()
            fd = os.open("count", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.write(fd, b"x")
            os.close(fd)
            if os.fork(): os._exit(0)
    """
    (tmp_path / "chain.py").write_text(chain)
    job = new_job(f"exec env -i {sys.executable} -I -S chain.py & wait; sleep 60")
    outcomes: list[Outcome] = []

    async def run() -> None:
        outcomes.append(await outcome_of(launcher, job))

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await beat.line()
        os.kill(launcher.shim_pid(1), signal.SIGKILL)
    size = (tmp_path / "count").stat().st_size
    await outcome_of(launcher, new_job("sleep 0.1", 2))
    assert (tmp_path / "count").stat().st_size == size
    assert outcomes[0].reason == "shim_lost"


@pytest.mark.parametrize("zygote_too", [False, True])
async def test_the_death_of_one_shim_does_not_touch_the_task_of_another(
    launcher: Launcher, new_job: NewJob, beat: Beat, zygote_too: bool
) -> None:
    outcomes: dict[int, Outcome] = {}

    async def run(job: Job) -> None:
        outcomes[job.task_id] = await outcome_of(launcher, job)

    async with anyio.create_task_group() as group:
        group.start_soon(run, new_job("sleep 0.5 & echo > beat; wait; echo fine", 1))
        await beat.line()
        group.start_soon(run, new_job("echo > beat; sleep 60", 2))
        await beat.line()
        if zygote_too:
            os.kill(zygote_of(launcher.shim_pid(1)), signal.SIGKILL)
        os.kill(launcher.shim_pid(2), signal.SIGKILL)
    assert (outcomes[1].tail, outcomes[2].reason) == (b"fine\n", "shim_lost")


def _helper() -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "60"])


async def test_helpers_of_the_broker_itself_are_spared(
    launcher: Launcher, new_job: NewJob, beat: Beat
) -> None:
    with _helper() as helper:
        async with anyio.create_task_group() as group:
            group.start_soon(outcome_of, launcher, new_job("echo > beat; sleep 60"))
            await beat.line()
            os.kill(launcher.shim_pid(1), signal.SIGKILL)
        assert helper.poll() is None
        helper.kill()
