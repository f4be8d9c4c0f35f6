"""Who starts a broker, and what becomes of it."""

from __future__ import annotations

import os
import sys

import anyio
import pytest

from signalpost.transport import endpoint
from tests.system.place import SIGNALPOST, Place, within
from tests.system.processes import bound_to, descendants

CONNECT = """
import sys, anyio, signalpost

async def main():
    async with signalpost.connect(data_dir=sys.argv[1]) as client:
        info = await client.info()
        print(info.pid, client.published.epoch)

sys.stdin.readline()
anyio.run(main)
"""


@within(40)
async def test_of_twenty_processes_that_start_one_at_once_exactly_one_broker_serves(
    place: Place,
) -> None:
    starters = [place.start(sys.executable, "-c", CONNECT, str(place.state)) for _ in range(20)]
    for starter in starters:
        assert starter.stdin is not None
        starter.stdin.write(b"go\n")
        starter.stdin.flush()
    said = [await anyio.to_thread.run_sync(starter.communicate) for starter in starters]
    assert [starter.returncode for starter in starters] == [0] * 20, said
    assert {out for out, _ in said} == {f"{place.broker().pid} {place.broker().epoch}\n".encode()}
    brokers = [pid for pid in bound_to(place.state) if pid == place.broker().pid]
    assert bound_to(place.state) == brokers
    assert place.broker_log().count("serving") == 1


@within(20)
async def test_a_full_and_a_bare_environment_lead_to_one_broker(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = {"HOME": str(place.folder), "PATH": os.environ["PATH"]}
    full = {**os.environ, **bare, "XDG_STATE_HOME": "/nowhere", "TMPDIR": str(place.folder)}
    place.state = place.folder / ".local" / "state" / "signalpost"
    first = await place.run(*SIGNALPOST, "run", "echo one", environment=full)
    pid = place.broker().pid
    second = await place.run(*SIGNALPOST, "run", "echo two", environment=bare)
    assert (first.stdout, second.stdout) == (b"one\n", b"two\n")
    assert place.broker().pid == pid
    assert bound_to(place.state) == [pid]


@within(20)
async def test_an_auto_started_broker_is_nobodys_descendant_and_leads_its_own_session(
    place: Place,
) -> None:
    await place.run(*SIGNALPOST, "run", "true")
    pid = place.broker().pid
    assert pid not in descendants(os.getpid())
    assert os.getsid(pid) not in {os.getsid(0), 0}
    assert os.getpgid(pid) != os.getpgid(0)
    standard = {os.readlink(f"/proc/{pid}/fd/{number}") for number in (0, 1)}
    assert standard == {os.devnull}
    assert os.readlink(f"/proc/{pid}/fd/2") == str(endpoint.log_path(place.state))


@within(20)
async def test_an_auto_started_broker_ends_when_nobody_has_needed_it_for_a_while(
    place: Place,
) -> None:
    place.options = ("--idle-exit", "0.01")
    async with place.client() as client:
        await client.run_task("true", "/tmp")
        family = place.family()
    await family.all_dead(10)
    assert "idle for" in place.broker_log()
    assert not list(place.state.glob("queue.db-*"))
    assert not list((place.state / "run").iterdir())


@within(20)
async def test_a_broker_with_a_running_task_is_not_idle(place: Place) -> None:
    place.options = ("--idle-exit", "0.01")
    async with place.client() as client:
        asked = await client.run_task("sleep 1", "/tmp", notify=True)
        pid = place.broker().pid
    async with place.client(start=False) as client:
        report = await client.task_status(asked.task_id, None)
    assert (report.state, place.broker().pid) == ("success", pid)


@within(20)
async def test_after_a_stop_nothing_starts_a_broker_again_by_itself(place: Place) -> None:
    async with place.client() as client:
        family = place.family()
        await client.stop("force")
        await family.all_dead(5)
    assert endpoint.find(place.state) is None
    assert bound_to(place.state) == []
    assert place.broker_log().count("serving") == 1


@within(20)
async def test_what_nobody_has_foreseen_at_the_start_is_said_in_one_line(place: Place) -> None:
    (place.state / "run" / "b-1.sock").mkdir(parents=True)
    for folder in (place.state / "run", place.state):
        folder.chmod(0o700)
    done = await place.run(*SIGNALPOST, "run", "true")
    assert done.returncode == 69
    assert b"the broker did not start: IsADirectoryError: " in done.stderr
    assert str(endpoint.log_path(place.state)).encode() in done.stderr
    assert done.stderr.count(b"\n") == 1
    assert "Traceback" in place.broker_log()


@within(30)
async def test_a_broker_serves_though_who_started_it_was_killed(place: Place) -> None:
    process = place.start(*SIGNALPOST, "broker", "--auto")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stdout = None
    said = await anyio.to_thread.run_sync(process.stderr.readline, abandon_on_cancel=True)
    assert b"serving" in said
    async with place.client(start=False) as client:
        assert (await client.info()).pid == process.pid
