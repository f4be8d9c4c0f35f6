"""Agents in PID namespaces: one broker, and turns all the same; pids used again. Case 41."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.place import SIGNALPOST, Place, within
from tests.system.processes import dead
from tests.system.puppet import Puppet, puppet

UNSHARE = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")


def why_not() -> str:
    """Return why no namespace can be made here; empty: one can."""
    try:
        done = subprocess.run([*UNSHARE, "true"], capture_output=True, timeout=10, check=False)
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if done.returncode == 0 else done.stderr.decode().strip()


WHY_NOT = why_not()
pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=f"no PID namespaces here: {WHY_NOT}")


@within(30)
async def test_two_clients_in_different_namespaces_share_one_broker_and_take_turns(
    place: Place,
) -> None:
    folder = place.folder
    alone = f"set -C; : >{folder}/inside || exit 9; rm {folder}/inside"
    async with puppet(place, "in", before=UNSHARE) as inner, puppet(place, "out") as outer:
        asks = [each.run_task(f"{alone}; : {n}") for n in range(5) for each in (inner, outer)]
        reports = [await ask.report() for ask in asks]
        pids = [(await each.ask("info").result())["pid"] for each in (inner, outer)]
    assert {report.state for report in reports} == {"success"}
    assert pids == [place.broker().pid] * 2


@within(30)
async def test_a_broker_started_in_a_namespace_is_found_from_outside(place: Place) -> None:
    here = place.fifo("here")
    async with puppet(place, "in", before=UNSHARE) as inner:
        await inner.ask("ping").result()
        done = await place.run(*SIGNALPOST, "run", f"echo hi; readlink /proc/self/ns/pid >{here}")
        outside = await place.run("readlink", "/proc/self/ns/pid")
        assert (done.returncode, done.stdout) == (0, b"hi\n")
        assert await here.line() != outside.stdout.decode().strip()
        assert (await outlived(place, inner)) == b"again\n"


async def outlived(place: Place, inner: Puppet) -> bytes:
    """Kill the namespace with all in it, the broker too, and ask again."""
    inner.kill()
    await dead(inner.pid)
    return (await place.run(*SIGNALPOST, "run", "echo again")).stdout


@within(30)
async def test_a_process_that_has_the_pid_of_a_dead_shim_is_neither_adopted_nor_signalled(
    place: Place,
) -> None:
    script = Path(__file__).with_name("pid_reuse_script.py")
    done = await place.run(*UNSHARE, sys.executable, str(script), str(place.state))
    assert done.returncode == 0, done.stderr.decode()
    told = json.loads(done.stdout)
    if told == "not to be had":
        pytest.skip("pids cannot be chosen here")
    assert told == {"state": "lost", "cancelled": "lost", "lives": True}
