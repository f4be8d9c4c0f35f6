"""What becomes of tasks whose client lives but says nothing: it is stopped, or it hangs."""

from __future__ import annotations

import os
import signal
from contextlib import AsyncExitStack

import anyio

from signalpost.transport.session import HEARTBEAT_SECONDS, SILENCE_SECONDS
from tests.system.bridge import Bridge, bridge
from tests.system.commands import tree
from tests.system.place import Place, within
from tests.system.processes import dead, lives

KILLING_SECONDS = 6.0


def stop(it: Bridge) -> None:
    os.kill(it.pid, signal.SIGSTOP)


def resume(it: Bridge) -> None:
    os.kill(it.pid, signal.SIGCONT)


@within(90)
async def test_a_client_that_is_silent_for_30_s_loses_its_tasks_and_hears_so_when_it_is_back(
    place: Place,
) -> None:
    pids, gate = place.fifo("pids"), place.fifo("gate")
    async with place.client() as watcher, AsyncExitStack() as stack:
        running, waiting, other = [
            await stack.enter_async_context(bridge(place, name))
            for name in ("running", "waiting", "other")
        ]
        for each in (running, waiting, other):
            await each.handshake()
        killed = running.run_task(tree("plain", pids))
        pid = await pids.pid()
        following = other.run_task("echo next", token="following")
        await other.note("position 1")
        held = other.run_task(f"read _ <{gate}", queue_name="held", token="held")
        await other.note("running")
        removed = waiting.run_task("echo must not run", queue_name="held", token="waiting")
        await waiting.note("position 1")

        stopped_at = anyio.current_time()
        stop(running)
        stop(waiting)
        await dead(pid, SILENCE_SECONDS + KILLING_SECONDS)
        # It is counted from the last sign of life, which may be one heartbeat old.
        assert anyio.current_time() - stopped_at >= SILENCE_SECONDS - HEARTBEAT_SECONDS
        assert (await other.text(following)).startswith("SUCCESS")
        task_id = await place.task_id("echo must not run")
        with anyio.fail_after(HEARTBEAT_SECONDS + KILLING_SECONDS):
            ended = await watcher.task_status(task_id, None)
        assert (ended.state, ended.cancelled_by) == ("cancelled", "client")
        assert ended.started_at is None
        assert lives(running.pid)
        gate.open()
        assert (await other.text(held)).startswith("SUCCESS")

        resume(running)
        resume(waiting)
        assert (await running.text(killed)).startswith("CANCELLED after ")
        assert " by client " in await waiting.text(removed)
