"""Case 23: ten thousand connections that never say a word."""

from __future__ import annotations

import sys

import anyio
import anyio.to_thread
import pytest

from tests.system.place import Place, within
from tests.system.test_load import STORM

STORMS = 20
EACH = 500
"""Together ten thousand; as many at a time as the guard lets in."""


async def files_beside_a_newcomer(place: Place) -> int:
    """Return how many files are open. What a batch has left is cleared up when the next comes."""
    async with place.client(start=False) as newcomer:
        return (await newcomer.info()).open_files


@pytest.mark.soak
@within(180)
async def test_ten_thousand_silent_connections_leave_the_broker_serving(place: Place) -> None:
    broker = await place.serve()
    path = place.broker().endpoint.removeprefix("ipc://")
    async with place.client(start=False) as client:
        before = await client.info()
        for _ in range(STORMS):
            storm = place.start(sys.executable, "-c", STORM, path, str(EACH))
            assert storm.stdout is not None
            await anyio.to_thread.run_sync(storm.stdout.readline, abandon_on_cancel=True)
            info = await client.info()
            assert info.open_files < info.open_files_limit
            assert (await client.run_task("true", "/tmp")).state == "success"
        async with place.client(start=False) as late:
            assert (await late.run_task("true", "/tmp")).state == "success"
        with anyio.fail_after(60):
            while await files_beside_a_newcomer(place) > before.open_files + 20:
                continue  # a handshake that does not come is given up after a while
    assert broker.poll() is None
