"""Somebody removes files of a living broker: it is found again, or it makes room. Never two."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from signalpost.transport import endpoint
from tests.system.place import AFTER_DEATH_SECONDS, SIGNALPOST, Place, within
from tests.system.processes import bound_to, dead, lives

Wreck = Callable[[Place], None]


def socket_of(place: Place) -> Path:
    return Path(place.broker().endpoint.removeprefix("ipc://"))


def _remove(folder: Path) -> None:
    while folder.exists():  # the broker may write into it meanwhile
        shutil.rmtree(folder, ignore_errors=True)


def run_folder(place: Place) -> None:
    _remove(place.state / "run")


def published(place: Place) -> None:
    (place.state / "run" / "broker.json").unlink()


def garbled(place: Place) -> None:
    (place.state / "run" / "broker.json").write_text('{"x')


def socket(place: Place) -> None:
    socket_of(place).unlink()


def folder_in_tmp(place: Place) -> None:
    assert socket_of(place).parent.parent == Path("/tmp")
    shutil.rmtree(socket_of(place).parent)


WRECKS = (run_folder, published, garbled, socket, folder_in_tmp)


@pytest.fixture(params=WRECKS, ids=lambda wreck: wreck.__name__)
def wreck(request: pytest.FixtureRequest, place: Place) -> Wreck:
    """Something that makes a broker unreachable."""
    if request.param is folder_in_tmp:
        place.state = place.folder / ("L" * 100) / "state"
    chosen: Wreck = request.param
    return chosen


async def checks(place: Place) -> dict[str, dict[str, str]]:
    """Return what doctor finds, by name."""
    done = await place.run(*SIGNALPOST, "doctor", "--json")
    found = json.loads(done.stdout)["checks"]
    return {check["name"]: check for check in found}


async def stop(place: Place, *words: str) -> None:
    """Stop the broker as people do, so that nothing is left in /tmp."""
    done = await place.run(*SIGNALPOST, "stop", *words)
    assert (done.returncode, done.stdout) == (0, b"the broker has stopped\n"), done


@within(40)
async def test_a_broker_that_cannot_be_found_is_found_again_by_who_comes_next(
    place: Place, wreck: Wreck
) -> None:
    gate = place.fifo("gate")
    async with place.client() as client:
        first = await client.run_task(f"read _ <{gate}", "/tmp", notify=True)
        before = place.broker()
        wreck(place)
        assert endpoint.find(place.state) is None
        done = await place.run(*SIGNALPOST, "run", "-q", "other", "echo found")
        assert (done.returncode, done.stdout) == (0, b"found\n"), done
        assert endpoint.find(place.state) == before
        gate.open()
        assert (await client.task_status(first.task_id, None)).state == "success"
    await stop(place)
    assert place.broker_log().count("serving") == 1


@within(40)
async def test_doctor_and_stop_tell_the_truth_about_a_broker_that_cannot_be_found(
    place: Place, wreck: Wreck
) -> None:
    async with place.client() as client:
        await client.run_task("true", "/tmp")
    pid = place.broker().pid
    wreck(place)
    broker = (await checks(place))["broker"]
    assert broker["state"] == "wrong"
    assert broker["found"].startswith(f"pid {pid} holds {place.state}.lock but cannot be reached")
    assert "signalpost stop --force" in broker["remedy"]
    await stop(place)
    await dead(pid)
    again = await place.run(*SIGNALPOST, "stop")
    assert again.stdout.startswith(b"no broker runs")
    assert (await checks(place))["broker"]["state"] == "ok"


@within(40)
async def test_a_broker_that_cannot_be_found_again_makes_room_when_its_task_has_ended(
    place: Place,
) -> None:
    place.state = place.folder / ("L" * 100) / "state"
    gate = place.fifo("gate")
    async with place.client() as client:
        first = await client.run_task(f"read _ <{gate}", "/tmp", notify=True)
        second = await client.run_task("true", "/tmp", notify=True)
        before, folder = place.broker(), socket_of(place).parent
        folder_in_tmp(place)
        folder.touch()  # nothing can be bound there any more
        told = await place.run(*SIGNALPOST, "stop", "--wait")
        assert told.returncode == 69
        assert b"cannot be reached" in told.stderr
        assert b"signalpost stop --force" in told.stderr
        gate.open()
        assert (await client.task_status(first.task_id, None)).state == "success"
        ended = await client.task_status(second.task_id, None)
        assert (ended.state, ended.cancelled_by) == ("cancelled", "broker")
        await dead(before.pid)
        done = await place.run(*SIGNALPOST, "run", "echo next")
        assert done.stdout == b"next\n", done
    folder.unlink()
    await stop(place)


@within(40)
async def test_stop_by_force_ends_a_broker_that_cannot_be_found_again_and_its_tasks(
    place: Place,
) -> None:
    place.state = place.folder / ("L" * 100) / "state"
    pids = place.fifo("pids")
    async with place.client() as client:
        await client.run_task(f"trap '' TERM; echo $$ >{pids}; sleep 1000", "/tmp", notify=True)
        await pids.pid()
        family, folder = place.family(), socket_of(place).parent
        folder_in_tmp(place)
        folder.touch()
        await stop(place, "--force")
        await family.all_dead(AFTER_DEATH_SECONDS)
    folder.unlink()


def lock_file(place: Place) -> None:
    endpoint.lock_path(place.state).unlink()


def lock_and_folder(place: Place) -> None:
    _remove(place.state)
    lock_file(place)


def whole_parent(place: Place) -> None:
    _remove(place.state.parent)


@pytest.mark.parametrize("wreck", [lock_and_folder, whole_parent])
@within(40)
async def test_with_the_lock_removed_too_the_next_broker_waits_for_the_task_that_runs(
    place: Place, wreck: Wreck
) -> None:
    place.state = place.folder / "parent" / "state"
    gate, order = place.fifo("gate"), place.folder / "order"
    async with place.client() as client:
        await client.run_task(f"read _ <{gate}; echo old >>{order}", "/tmp", notify=True)
        old = place.broker().pid
        family = place.family()
        wreck(place)
        refused = await place.run(*SIGNALPOST, "run", f"echo beside >>{order}")
        assert refused.returncode == 69
        assert f"pid {old}".encode() in refused.stderr
        by_hand = await place.run(*SIGNALPOST, "broker")
        assert by_hand.returncode == 69
        assert (await checks(place))["broker"]["state"] == "wrong"
        gate.open()
        await family.all_dead(10)
        await client.run_task(f"echo next >>{order}", "/tmp")
    assert order.read_text() == "old\nnext\n"


@within(40)
async def test_no_second_broker_starts_on_a_living_data_dir_whose_lock_file_was_removed(
    place: Place,
) -> None:
    gate = place.fifo("gate")
    async with place.client() as client:
        first = await client.run_task(f"read _ <{gate}", "/tmp", notify=True)
        old = place.broker().pid
        lock_file(place)
        by_hand = await place.run(*SIGNALPOST, "broker")
        assert by_hand.returncode == 69
        assert f"pid {old}".encode() in by_hand.stderr
        late = await place.run(*SIGNALPOST, "run", "echo late")
        assert (late.returncode, b"SHUTTING_DOWN" in late.stderr) == (2, True), late
        assert bound_to(place.state).count(old) == 1
        gate.open()
        assert (await client.task_status(first.task_id, None)).state == "success"
    await dead(old)
    assert (await place.run(*SIGNALPOST, "run", "echo next")).stdout == b"next\n"


SLOW = """
import sys
from signalpost.__main__ import main
from signalpost.actors.settings import Settings

def slowly(path, read=Settings.from_toml):
    open(gate).close()
    return read(path)

gate = sys.argv.pop(1)
Settings.from_toml = slowly
sys.exit(main())
"""


@within(30)
async def test_a_nudge_does_not_kill_a_broker_that_is_just_starting(place: Place) -> None:
    gate = place.folder / "gate"
    os.mkfifo(gate)
    starting = place.start(sys.executable, "-c", SLOW, str(gate), "broker")
    # When it reads its settings it has the lock.
    with await anyio.to_thread.run_sync(gate.open, "w", abandon_on_cancel=True):
        second = await place.run(*SIGNALPOST, "broker")
        assert second.returncode == 69
        assert f"pid {starting.pid}".encode() in second.stderr
        assert lives(starting.pid)
    assert starting.stderr is not None
    said = await anyio.to_thread.run_sync(starting.stderr.readline, abandon_on_cancel=True)
    assert b"serving" in said
    starting.send_signal(signal.SIGTERM)  # heeded as soon as it is said that it serves
    assert await anyio.to_thread.run_sync(starting.wait) == 0
    assert endpoint.read_published(place.state) is None
