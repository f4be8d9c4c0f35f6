"""Case 22: a message of endless frames, which ZeroMQ takes into memory without a word."""

from __future__ import annotations

import sys
from pathlib import Path

import anyio
import anyio.to_thread
import psutil
import pytest

from tests.system.place import SECONDS, Place, Process, within
from tests.system.processes import lives
from tests.system.puppet import puppet

ENDLESS_PEER = Path(__file__).with_name("endless_peer.py")
LIMIT_MB = 64
MB = 1024 * 1024


def flood(place: Place, most_mb: int) -> Process:
    """Start a raw peer that sends one message without end."""
    path = place.broker().endpoint.removeprefix("ipc://")
    return place.start(sys.executable, str(ENDLESS_PEER), path, str(most_mb * MB))


async def said(peer: Process) -> bytes:
    assert peer.stdout is not None
    with anyio.fail_after(SECONDS):
        return await anyio.to_thread.run_sync(peer.stdout.readline, abandon_on_cancel=True)


@within(40)
async def test_endless_frames_end_the_broker_before_the_machine_and_nothing_confirmed_is_lost(
    place: Place,
) -> None:
    place.options = (*place.options, "--memory-limit", str(LIMIT_MB))
    gate = place.fifo("gate")
    async with puppet(place, "alice") as alice, puppet(place, "bob") as bob:
        for number in range(20):
            await alice.ask("send", to="bob", content=f"m{number}").result()
        running, waiting = (alice.run_task(f"read _ <{gate}; echo {n}") for n in ("one", "two"))
        await running.heard.running()
        await waiting.heard.waiting()
        first = place.broker().pid
        peer = flood(place, 20_000)
        assert await said(peer) == b"cut off\n"
        assert (await running.report()).state == "lost"
        got = await bob.ask("take", wait_seconds=10.0, max_messages=20).result()
        assert [m["content"] for m in got["messages"]] == [f"m{n}" for n in range(20)]
        await waiting.heard.running()
        gate.open()
        assert (await waiting.report()).tail == b"two\n"
    assert not lives(first)
    assert place.broker().pid != first
    assert "more than --memory-limit" in place.broker_log()


@pytest.mark.soak
@within(40)
async def test_a_broker_started_by_hand_says_with_its_exit_code_that_it_took_too_much(
    place: Place,
) -> None:
    broker = await place.serve("--memory-limit", str(LIMIT_MB))
    flood(place, 20_000)
    with anyio.fail_after(SECONDS):
        code = await anyio.to_thread.run_sync(broker.wait, abandon_on_cancel=True)
    assert code == 75


@pytest.mark.soak
@within(40)
async def test_the_memory_of_a_peer_that_leaves_is_given_back_and_ends_nothing(
    place: Place,
) -> None:
    broker = await place.serve("--memory-limit", "512")
    process = psutil.Process(broker.pid)
    before = process.memory_info().rss
    for _ in range(4):
        peer = flood(place, 200)
        assert await said(peer) == b"sent\n"
        peer.kill()
        async with place.client(start=False) as client:
            await client.ping()
    assert broker.poll() is None
    assert process.memory_info().rss - before < 450 * MB
