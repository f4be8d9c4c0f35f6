"""Lines that are slow, break in the middle of a frame, or are open and carry nothing. Case 27."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack

import anyio
import anyio.lowlevel
import pytest

from tests.system.barrage import DEAF, Barrage, endings
from tests.system.place import Place, within
from tests.system.proxy import Proxy, behind, proxy

CLIENTS = 4
CALLS = 30
HONEST = {"answered", "DEADLINE_EXCEEDED"}
Trouble = Callable[[Proxy], Coroutine[None, None, None]]


async def slow(line: Proxy) -> None:
    line.delay = 0.05


async def cut(line: Proxy) -> None:
    line.cut_in_mid_frame()


async def cut_again_and_again(line: Proxy) -> None:
    for _ in range(5):
        line.cut_in_mid_frame()
        await anyio.sleep(0.3)  # so that it hits them joining again


async def half_open(line: Proxy) -> None:
    line.go_deaf()


async def under(place: Place, trouble: Trouble) -> list[Barrage]:
    """Make calls on a line that fails meanwhile, and return how they have ended."""
    log = place.folder / "ran"
    log.touch()
    async with place.client(DEAF) as deaf, proxy(place) as line, AsyncExitStack() as stack:
        await deaf.run_task("true", "/tmp")
        names = [f"c{number}" for number in range(CLIENTS)]
        clients = [await stack.enter_async_context(behind(place, line, name)) for name in names]
        found = [Barrage(client, names[number - 1], log) for number, client in enumerate(clients)]
        async with anyio.create_task_group() as tasks:
            for each in found:
                each.start(tasks, first=0, count=CALLS // 2)
            await anyio.lowlevel.checkpoint()  # they are said
            tasks.start_soon(trouble, line)
            for each in found:
                each.start(tasks, first=CALLS // 2, count=CALLS - CALLS // 2)
        print(endings(found), line.connections)  # noqa: T201 - what this run has seen
    return found


def check(place: Place, found: list[Barrage]) -> None:
    how = endings(found)
    assert sum(counts.total() for counts in how.values()) == CLIENTS * CALLS
    assert {each for counts in how.values() for each in counts} <= HONEST
    assert place.stored("SELECT content FROM bodies GROUP BY 1 HAVING count(*) > 1") == []
    stored = {i for (i,) in place.stored("SELECT id FROM messages")}
    assert {i for each in found for i in each.confirmed.values()} <= stored
    ran = Counter((place.folder / "ran").read_text().split())
    assert [line for line, count in ran.items() if count > 1] == []


@within(60)
async def test_on_a_slow_line_every_call_is_answered(place: Place) -> None:
    check(place, await under(place, slow))


@pytest.mark.soak
@pytest.mark.parametrize("trouble", [cut, cut_again_and_again, half_open])
@within(120)
async def test_calls_on_a_line_that_breaks_end_in_time_and_take_effect_once(
    place: Place, trouble: Trouble
) -> None:
    check(place, await under(place, trouble))
