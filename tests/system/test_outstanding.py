"""Four hundred calls are open when the broker is killed, and the next one starts late. Case 5."""

from __future__ import annotations

import fcntl
from collections import Counter
from contextlib import AsyncExitStack

import anyio

from signalpost.transport import endpoint
from tests.system.barrage import DEAF, EACH, QUEUE, Barrage, endings
from tests.system.place import Heard, Place, within

CLIENTS = 8
NOBODY_SECONDS = 0.5
"""So long no broker can start."""
HONEST = {
    "send": {"answered"},
    "ask": {"DEADLINE_EXCEEDED"},
    "receive": {"answered"},
    "run": {"answered"},
    "status": {"answered"},
    "look": {"answered"},
}
"""How a call may end whose broker dies."""


async def barrages(place: Place, stack: AsyncExitStack) -> list[Barrage]:
    names = [f"c{number}" for number in range(CLIENTS)]
    clients = [await stack.enter_async_context(place.client(name)) for name in names]
    log = place.folder / "ran"
    log.touch()
    return [
        Barrage(client, names[(number + 1) % CLIENTS], log) for number, client in enumerate(clients)
    ]


async def kill_and_hold_up(place: Place) -> None:
    """Kill the broker, and let none start for a moment."""
    family = place.family()
    with endpoint.start_lock_path(place.state).open("rb+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        place.broker_process().kill()
        await family.all_dead(5)
        await anyio.sleep(NOBODY_SECONDS)  # that nobody serves is what is tested


@within(60)
async def test_four_hundred_open_calls_end_in_time_and_take_effect_once(place: Place) -> None:
    heard = Heard()
    async with AsyncExitStack() as stack:
        watcher = await stack.enter_async_context(place.client(DEAF))
        all_of_them = await barrages(place, stack)
        tasks = await stack.enter_async_context(anyio.create_task_group())
        tasks.start_soon(lambda: watcher.run_task("sleep 60", "/tmp", QUEUE, progress=heard))
        await heard.running()
        for each in all_of_them:
            each.start(tasks, first=0, count=EACH // 2)
        for each in all_of_them:
            await each.waited()
        place.broker_process().suspend()
        for each in all_of_them:
            each.start(tasks, first=EACH // 2, count=EACH - EACH // 2)
        await anyio.sleep(0.1)  # so that they are in the socket
        await kill_and_hold_up(place)
    found = endings(all_of_them)
    print(found)  # noqa: T201 - what this run has seen
    assert sum(counts.total() for counts in found.values()) == CLIENTS * EACH
    assert {kind: {*how} for kind, how in found.items()} == HONEST
    assert place.stored("SELECT content, count(*) FROM bodies GROUP BY 1 HAVING count(*) > 1") == []
    stored = {i for (i,) in place.stored("SELECT id FROM messages")}
    assert {i for each in all_of_them for i in each.confirmed.values()} <= stored
    ran = Counter((place.folder / "ran").read_text().split())
    assert [line for line, count in ran.items() if count > 1] == []
    tasks_of = place.stored("SELECT command, count(*) FROM tasks GROUP BY 1 HAVING count(*) > 1")
    assert tasks_of == []
