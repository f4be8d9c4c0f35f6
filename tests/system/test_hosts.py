"""MCP hosts that close, that find their bridge deaf to it, and that are killed. Case 45."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import anyio
import anyio.to_thread
import psutil
import pytest

from tests.system.place import GRACE, SIGNALPOST, Place, Process, within
from tests.system.processes import dead, descendants

HOST = Path(__file__).with_name("host_script.py")
End = Literal["closes", "closes on a deaf bridge", "is killed"]


def start_host(place: Place) -> Process:
    bridge = (*SIGNALPOST, "mcp", "alice", "--grace", str(GRACE))
    return place.start(sys.executable, str(HOST), str(place.state), *bridge)


def bridge_of(host: Process) -> psutil.Process:
    found = [psutil.Process(pid) for pid in descendants(host.pid)]
    return next(process for process in found if "mcp" in process.cmdline())


def end(host: Process, bridge: psutil.Process, how: End) -> None:
    assert host.stdin is not None
    if how == "is killed":
        host.kill()
        return
    if how == "closes on a deaf bridge":
        bridge.suspend()
    host.stdin.close()


@pytest.mark.parametrize(
    ("how", "attempt"),
    [
        pytest.param("closes", 1, marks=pytest.mark.soak),
        pytest.param("closes on a deaf bridge", 2, marks=pytest.mark.soak),
        ("is killed", 1),
    ],
)
@within(30)
async def test_the_bridge_goes_with_its_host_and_what_it_held_is_there_for_the_next_one(
    place: Place, how: End, attempt: int
) -> None:
    async with place.client("boss") as boss:
        broker = place.broker().pid
        async with place.client("alice"):
            await boss.send("alice", "work")
        host = start_host(place)
        assert host.stdout is not None
        said = await anyio.to_thread.run_sync(host.stdout.readline, abandon_on_cancel=True)
        assert said == b"received\n"
        bridge = bridge_of(host)
        end(host, bridge, how)
        await dead(bridge.pid, 10)
        await dead(host.pid, 10)
        async with place.client("alice") as heir:
            [again] = (await heir.take(wait_seconds=5)).messages
            assert (again.content, again.attempt, again.redelivered) == ("work", attempt, True)
        assert place.broker().pid == broker
