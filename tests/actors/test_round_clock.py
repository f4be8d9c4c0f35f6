"""One round of the loop is one instant; the next one is later."""

from __future__ import annotations

import asyncio
import time

from anyio.lowlevel import checkpoint

from signalpost.actors.round_clock import RoundClock


async def test_all_that_happens_in_one_round_happens_at_the_same_time() -> None:
    clock = RoundClock()
    first = clock()
    assert clock() is first


async def test_the_next_round_looks_at_the_clocks_again() -> None:
    clock = RoundClock()
    first = clock()
    for _ in range(2):
        await checkpoint()
    second = clock()
    assert second is not first
    assert second.mono >= first.mono


async def test_it_shows_the_loops_clock_and_the_time_of_day() -> None:
    before = asyncio.get_running_loop().time(), time.time()
    now = RoundClock()()
    after = asyncio.get_running_loop().time(), time.time()
    assert before[0] <= now.mono <= after[0]
    assert before[1] <= now.wall <= after[1]
