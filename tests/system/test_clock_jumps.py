"""Case 32: the clock on the wall jumps under a running broker, and between two."""

from __future__ import annotations

import signal
from pathlib import Path

import anyio
import pytest

from signalpost.transport.client import Client
from signalpost.transport.letters import Held
from signalpost.transport.messages import TaskReport
from tests.system.place import Heard, Place, Process, within
from tests.system.processes import dead

LIBRARIES = [*Path("/usr/lib").glob("**/faketime/libfaketimeMT.so.1")]
JUMPS = ("+10d", "-10d", "-1h", "@2038-01-19 03:14:00", "+0")
"""By so much, or to then: each is from the true time on."""


class Wall:
    """The clock that a broker of this place sees. The monotonic one stays as it is."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._file = place.folder / "wall"
        self.jump("+0")

    def jump(self, to: str) -> None:
        """Set it, also under a broker that runs."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(to)
        fresh.replace(self._file)

    async def serve(self) -> Process:
        """Start a broker that looks at this clock."""
        seen = (
            *(f"LD_PRELOAD={LIBRARIES[0]}", f"FAKETIME_TIMESTAMP_FILE={self._file}"),
            *("FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1", "FAKETIME_DONT_RESET=1"),
        )
        return await self._place.serve("--grace", "0.5", before=("env", *seen))


@pytest.fixture
def wall(place: Place) -> Wall:
    if not LIBRARIES:
        pytest.skip("libfaketime is not installed: apt-get install faketime")
    return Wall(place)


async def contents(client: Client, count: int) -> list[str]:
    """Take so much mail and return what it says."""
    taken = await client.take(max_messages=count)
    return [message.content for message in taken.messages]


@within(60)
async def test_no_jump_of_the_clock_ends_a_lease_a_time_limit_or_a_message(
    place: Place, wall: Wall
) -> None:
    gate = place.fifo("gate")
    broker = await wall.serve()
    running = Heard()
    reports: list[TaskReport] = []
    async with place.client("boss", start=False) as boss, place.client("al", start=False) as al:

        async def run() -> None:
            reports.append(await boss.run_task(f"read _ <{gate}", "/tmp", progress=running))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run)
            await running.running()
            await al.register("al")
            await boss.send("al", "held", ttl_seconds=3600)
            [held] = (await al.take()).messages
            days: set[int] = set()
            for number, to in enumerate(JUMPS):
                wall.jump(to)
                await boss.send("al", f"m{number}", ttl_seconds=3600)
                short = await boss.send(
                    "al", "short", ttl_seconds=0.3, wait_for="acked", wait_seconds=15
                )
                assert short.sent[0].stage == "expired"
                stored = await boss.read_message(short.sent[0].message_id)
                days.add(int(stored.sent_at // 86_400))
            assert len(days) > len(JUMPS) - 2, "the clock did not jump"
            [settled] = await al.settle([Held(held.id, held.lease)])
            assert settled.code == ""
            assert await contents(al, len(JUMPS)) == [f"m{n}" for n in range(len(JUMPS))]
            gate.open()
        assert (reports[0].state, reports[0].ran_seconds < 60) == ("success", True)
        assert (await boss.inboxes("al"))[0].dead_letters == 0
    assert broker.poll() is None


@pytest.mark.soak
@within(60)
async def test_a_clock_that_has_jumped_while_no_broker_ran_changes_no_order(
    place: Place, wall: Wall
) -> None:
    for number, to in enumerate(JUMPS):
        wall.jump(to)
        broker = await wall.serve()
        async with place.client("boss", start=False) as boss:
            if not number:
                await boss.register("boss")
            await boss.send("boss", f"m{number}")
        broker.send_signal(signal.SIGKILL)
        await dead(broker.pid)
    await wall.serve()
    async with place.client("boss", start=False) as boss:
        assert await contents(boss, len(JUMPS)) == [f"m{n}" for n in range(len(JUMPS))]
        ids = [(await boss.run_task("true", "/tmp")).task_id for _ in range(2)]
        assert ids == sorted(ids)
