"""Case 33: the store of a real broker fails; it leaves with a code of its own, and loses nothing."""

from __future__ import annotations

import resource

import anyio.to_thread
import psutil
import pytest

from signalpost.transport.errors import SignalpostError
from tests.system.place import Place, within


@within(60)
async def test_a_broker_whose_store_fails_leaves_with_75_and_the_next_has_all(
    place: Place,
) -> None:
    broker = await place.serve()
    async with place.client("bob", start=False), place.client("alice", start=False) as alice:
        await alice.send("bob", "before")
        # Every write of the store is an I/O error from here on.
        psutil.Process(broker.pid).rlimit(resource.RLIMIT_FSIZE, (1, 1))
        with pytest.raises(SignalpostError), anyio.fail_after(40):
            await alice.send("bob", "lost?")
        assert await anyio.to_thread.run_sync(broker.wait) == 75
    async with place.client("bob") as bob:
        found = (await bob.take(wait_seconds=0, max_messages=9)).messages
        assert [message.content for message in found] == ["before"]
