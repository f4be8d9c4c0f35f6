"""A task that outlives its broker is adopted by the next one. Cases 7 and 42."""

from __future__ import annotations

import re

import anyio
import psutil
import pytest

from signalpost.transport.messages import TaskReport
from tests.system.commands import KINDS, count, tree
from tests.system.place import AFTER_DEATH_SECONDS, GRACE, Place, within
from tests.system.processes import Handles, bound_to, dead, lives
from tests.system.puppet import Ask, Puppet, puppet

FINISH = {"on_disconnect": "finish"}


async def new_broker(place: Place, client: Puppet, deaths: int = 1) -> None:
    """Kill the broker so often, each time as soon as the next one serves."""
    for _ in range(deaths):
        before = place.broker().epoch
        place.broker_process().kill()
        await client.ask("ping").result()
        assert place.broker().epoch != before


def shim_of(pid: int) -> psutil.Process:
    parent = psutil.Process(pid).parent()
    assert parent is not None
    return parent


@pytest.mark.parametrize("deaths", [1, 3])
@within(40)
async def test_a_task_that_outlives_its_broker_is_adopted_and_its_caller_gets_the_real_exit_code(
    place: Place, deaths: int
) -> None:
    gate, pids, ran = place.fifo("gate"), place.fifo("pids"), place.folder / "ran"
    command = f"echo ran >>{ran}; echo before; echo $$ >{pids}; read _ <{gate}; echo after; exit 7"
    async with puppet(place, "alice") as alice, puppet(place, "bob") as bob:
        asked = alice.run_task(command, **FINISH)
        task_id = await asked.heard.running()
        pid = await pids.pid()
        behind = bob.run_task(f"echo next >>{ran}")
        await behind.heard.waiting(1)
        await new_broker(place, bob, deaths)
        shown = await bob.ask("task_status", task_id=task_id).report()
        assert (shown.state, shown.pid, shown.tail) == ("running", pid, b"")
        await behind.heard.until(lambda report: report.position == 1)
        assert lives(pid)
        assert ran.read_text().split() == ["ran"]
        gate.open()
        report = await asked.report()
        assert (report.task_id, report.state, report.exit_code) == (task_id, "failed", 7)
        assert report.tail == b"before\nafter\n"
        assert (await behind.report()).state == "success"
    assert ran.read_text().split() == ["ran", "next"]
    log = (place.state / "output" / f"task_{task_id}.log").read_text()
    assert re.search(r"before\nafter\n\n--- SUMMARY ---\nEXIT CODE: 7\n", log)
