"""Case 24: of many brokers that start on one data dir at once, one serves, also after a kill.

Those that clients start: `test_of_twenty_processes_that_start_one_at_once_exactly_one_broker_serves`
(test_starting.py).
"""

from __future__ import annotations

import anyio.to_thread
import pytest

from signalpost.transport import endpoint
from tests.system.place import SIGNALPOST, Place, Process, within
from tests.system.processes import dead

AT_ONCE = 10
REFUSED = 69


async def begin(place: Place) -> tuple[list[Process], list[bytes]]:
    """Start brokers at once; return those that serve, and what the others said."""
    started = [place.start(*SIGNALPOST, "broker") for _ in range(AT_ONCE)]
    serving: list[Process] = []
    said: list[bytes] = []

    async def follow(process: Process) -> None:
        assert process.stderr is not None
        line = await anyio.to_thread.run_sync(process.stderr.readline, abandon_on_cancel=True)
        if b"serving" in line:
            serving.append(process)
        else:
            said.append(line)
            await dead(process.pid)
            assert process.wait() == REFUSED

    async with anyio.create_task_group() as tasks:
        for process in started:
            tasks.start_soon(follow, process)
    return serving, said


async def compete(place: Place, rounds: int) -> None:
    for _ in range(rounds):
        [winner], said = await begin(place)
        assert len(said) == AT_ONCE - 1
        assert all(b"already serves this data dir" in line for line in said)
        published = place.broker()
        assert published.pid == winner.pid
        async with place.client(start=False) as client:
            assert (await client.info()).pid == winner.pid
        winner.kill()  # frees the lock; what it published leads nowhere, and its socket stays
        await dead(winner.pid)
        assert endpoint.find(place.state) is None
        assert len([*(place.state / "run").glob("b-*.sock")]) == 1


@within(60)
async def test_of_brokers_that_start_at_once_one_serves_and_the_others_say_so(
    place: Place,
) -> None:
    await compete(place, 2)


@pytest.mark.soak
@within(600)
async def test_of_brokers_that_start_at_once_one_serves_twenty_times(place: Place) -> None:
    await compete(place, 20)
