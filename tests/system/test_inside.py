"""What a command finds around it: turns inside turns, and the world of its caller."""

from __future__ import annotations

import json
import os
import resource
import shlex
import stat
import sys

import pytest

from tests.system.journal import Journal
from tests.system.place import SIGNALPOST, Place, within

US = shlex.join(SIGNALPOST)


@within(20)
async def test_a_run_inside_a_run_of_the_same_queue_runs_inside_that_turn(place: Place) -> None:
    done = await place.run(*SIGNALPOST, "run", f"{US} run 'echo inner'; echo outer")
    assert (done.returncode, done.stdout) == (0, b"inner\nouter\n"), done
    rows = place.stored("SELECT id, parent, state FROM tasks ORDER BY id")
    assert [(parent, state) for _, parent, state in rows] == [
        (None, "success"),
        (rows[0][0], "success"),
    ]


@within(20)
async def test_the_exit_code_of_an_inner_run_comes_through(place: Place) -> None:
    done = await place.run(*SIGNALPOST, "run", *SIGNALPOST, "run", "exit 7")
    assert done.returncode == 7, done


@within(20)
async def test_an_inner_run_in_another_queue_waits_for_its_turn_there(place: Place) -> None:
    gate = place.fifo("gate")
    async with place.client() as client:
        holder = await client.run_task(f"read _ <{gate}", "/tmp", "other", notify=True)
        journal = Journal(place)
        assert await journal.queued_in("other") == holder.task_id
        outer = await client.run_task(f"{US} run -q other 'echo inner'", "/tmp", notify=True)
        assert await journal.queued_in("other") > outer.task_id
        gate.open()
        ended = await client.task_status(outer.task_id, None)
    assert (ended.state, ended.tail) == ("success", b"inner\n")


@within(20)
async def test_a_cycle_over_two_queues_is_refused_naming_the_chain(place: Place) -> None:
    innermost = f"{US} run -q one true"
    inner = f"{US} run -q two {shlex.quote(innermost)}"
    done = await place.run(*SIGNALPOST, "run", "-q", "one", inner)
    assert done.returncode == 0, done  # one inside two inside one: the turn is its ancestor's
    gate = place.fifo("gate")
    async with place.client() as client:
        crossing = f"read _ <{gate}; {US} run -q two true"
        first = await client.run_task(crossing, "/tmp", "one", notify=True)
        second = await client.run_task(f"{US} run -q one true", "/tmp", "two", notify=True)
        journal = Journal(place)
        await journal.until("task_queued", task_id=second.task_id)
        await journal.queued_in("one")
        gate.open()
        refused = await client.task_status(first.task_id, None)
        ended = await client.task_status(second.task_id, None)
    assert refused.state == "failed"
    assert b"one waits for two waits for one" in refused.tail
    assert ended.state == "success"


@within(20)
async def test_an_inner_task_dies_with_the_outer_one(place: Place) -> None:
    pids = place.fifo("pids")
    async with place.client() as client:
        inner = f"{US} run 'echo $$ >{pids}; sleep 1000'"
        outer = await client.run_task(inner, "/tmp", notify=True)
        await pids.pid()
        assert (await client.cancel_task(outer.task_id)).state == "cancelled"
        inner_report = (await client.tasks(1))[0]
    assert (inner_report.parent, inner_report.state) == (outer.task_id, "cancelled")


@within(20)
async def test_a_broker_is_not_started_from_inside_a_task(place: Place) -> None:
    elsewhere = place.folder / "elsewhere"
    command = f"{US} --data-dir {elsewhere} run true"
    async with place.client() as client:
        report = await client.run_task(command, "/tmp")
    assert report.state == "failed"
    assert b"Start it outside: signalpost broker" in report.tail
    assert not elsewhere.exists()


# ---------------------------------------------------------------- the caller's world


@pytest.mark.parametrize("umask", [0o022, 0o027, 0o077])
@within(20)
async def test_make_inside_a_task_makes_files_with_the_callers_umask(
    place: Place, umask: int
) -> None:
    (place.folder / "Makefile").write_text("all:\n\techo built >product\n\tmkdir folder\n")
    run = f"umask {umask:03o}; exec {US} run make"
    done = await place.run("/bin/sh", "-c", run)
    assert done.returncode == 0, done
    modes = [stat.S_IMODE((place.folder / name).stat().st_mode) for name in ("product", "folder")]
    assert modes == [0o666 & ~umask, 0o777 & ~umask]


@within(20)
async def test_soft_limits_nice_and_folder_are_the_callers(place: Place) -> None:
    inner = "ulimit -Sn; ulimit -Hn; ulimit -Sc; nice; pwd"
    shell = f"ulimit -Sn 100; ulimit -Sc 0; exec nice -n 5 {US} run {shlex.quote(inner)}"
    done = await place.run("/bin/sh", "-c", shell)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    expected = ["100", "unlimited" if hard == resource.RLIM_INFINITY else str(hard)]
    assert done.stdout.decode().split() == [
        *expected,
        "0",
        str(os.nice(0) + 5),
        str(place.folder),
    ], done


@within(20)
async def test_a_command_gets_the_callers_environment_less_secrets_and_our_own(
    place: Place,
) -> None:
    environment = place.environment(
        MINE="ä\nb", CLAUDE_CODE_MESSAGING_TOKEN="secret", SIGNALPOST_AGENT="alice", EMPTY=""
    )
    show = f'{sys.executable} -c "import json, os; print(json.dumps(dict(os.environ)))"'
    done = await place.run(*SIGNALPOST, "run", "-e", "MINE2=x=y,z", show, environment=environment)
    seen = json.loads(done.stdout)
    assert (seen["MINE"], seen["MINE2"], seen["EMPTY"]) == ("ä\nb", "x=y,z", "")
    assert seen["PATH"] == os.environ["PATH"]
    ours = {name for name in seen if name.startswith(("SIGNALPOST_", "CLAUDE_CODE_MESSAGING_"))}
    assert ours == {"SIGNALPOST_TASK", "SIGNALPOST_DATA_DIR"}


@within(20)
async def test_the_environment_is_never_stored_nor_logged(place: Place) -> None:
    environment = place.environment(PASSPHRASE="correct-horse")
    await place.run(
        *SIGNALPOST, "run", "-e", "TOKEN=battery-staple", "true", environment=environment
    )
    kept = [path.read_bytes() for path in sorted(place.state.rglob("*")) if path.is_file()]
    assert kept
    assert not any(b"correct-horse" in text or b"battery-staple" in text for text in kept)
