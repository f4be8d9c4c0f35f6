"""A thousand agents at one broker."""

from __future__ import annotations

import anyio.to_thread
import psutil

from tests.system.crowd import Crowd
from tests.system.place import Place, within

AGENTS = 1000
MOST_MEGABYTES = 400.0


def megabytes(pid: int) -> float:
    return psutil.Process(pid).memory_info().rss / 1024**2


@within(60)
async def test_a_broadcast_reaches_a_thousand_agents_and_names_every_id(place: Place) -> None:
    broker = await place.serve()
    empty = megabytes(broker.pid)
    async with place.client("boss", start=False) as boss:
        with Crowd(place.broker().endpoint, AGENTS) as crowd:
            await anyio.to_thread.run_sync(crowd.wait_for_mail)
            waiting = megabytes(broker.pid)
            presences = {agent.name: agent.presence for agent in await boss.agents()}
            assert [presences[name] for name in crowd.names] == ["idle"] * AGENTS
            sent = await boss.send("*", "x" * 1024)
            ids = {one.name: [one.message_id] for one in sent.sent}
            assert sorted(ids) == sorted(crowd.names)
            assert sent.refused == []
            assert await anyio.to_thread.run_sync(crowd.got) == ids
        again = await boss.send("*", "y" * 1024)  # whether anybody is there or not
        assert len(again.sent) == AGENTS
        full = megabytes(broker.pid)
    print(  # noqa: T201 - what this run has seen
        f"RSS of the broker in MB: empty {empty:.0f}, {AGENTS} waiting {waiting:.0f},"
        f" {2 * AGENTS} messages {full:.0f}"
    )
    stored = {row[0] for row in place.stored("SELECT id FROM messages")}
    assert stored == {one.message_id for one in (*sent.sent, *again.sent)}
    assert len(stored) == 2 * AGENTS
    assert max(waiting, full) < MOST_MEGABYTES
