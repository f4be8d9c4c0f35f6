"""Case 22."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import anyio
import pytest
from anyio.lowlevel import checkpoint

from signalpost.actors import memory_guard
from signalpost.actors.memory_guard import MemoryGuard
from tests.actors.stand_in_runner import PATIENCE

LIMIT = 1600


class Sizes:
    """What a process takes, look by look. ``pauses`` are those that it was looked at after."""

    def __init__(self, *sizes: int) -> None:
        self._sizes: Iterator[int] = iter(sizes)
        self.looks = 0
        self.guard = MemoryGuard(LIMIT, self._next)

    def _next(self) -> int:
        self.looks += 1
        return next(self._sizes)

    async def settled(self) -> None:
        for _ in range(5):
            await checkpoint()


async def exceeded(guard: MemoryGuard) -> int:
    with anyio.fail_after(PATIENCE):
        return await guard.exceeded()


async def test_growth_above_the_limit_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_guard, "_LOOKS", (0.0,))
    sizes = Sizes(500, 500, 500 + LIMIT, 500 + LIMIT + 1)
    sizes.guard.note(1)
    assert await exceeded(sizes.guard) == LIMIT + 1


async def test_while_nobody_is_connected_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_guard, "_LOOKS", (0.0,))
    sizes = Sizes(0, 0, LIMIT + 1)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(exceeded, sizes.guard)
        await sizes.settled()
        assert sizes.looks == 2
        sizes.guard.note(1)


async def test_a_newcomer_is_a_reason_to_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_guard, "_LOOKS", (1000.0,))
    sizes = Sizes(0, 0, 0, LIMIT + 1)
    sizes.guard.note(1)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(exceeded, sizes.guard)
        await sizes.settled()
        sizes.guard.note(2)
        await sizes.settled()
        sizes.guard.note(1)  # somebody left: that takes no memory
        await sizes.settled()
        assert sizes.looks == 3
        sizes.guard.note(2)


async def test_it_looks_more_and_more_seldom_and_often_again_when_it_has_grown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory_guard, "_LOOKS", (0.0, 0.0, 1000.0))
    much = LIMIT // 16 + 1
    calm, growing = Sizes(0, 0, 10, 20, 30), Sizes(0, 0, 10, much + 10, much + 20, LIMIT + 1)
    for sizes in (calm, growing):
        sizes.guard.note(1)
    with anyio.move_on_after(0.1):
        await calm.guard.exceeded()
    assert calm.looks == 4
    assert await exceeded(growing.guard) == LIMIT + 1


def test_the_size_of_this_process_is_known_also_when_descriptors_have_run_out() -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with memory_guard.own_size() as size:
        before = size()
        ballast = bytearray(b"x") * (32 << 20)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
        try:
            assert size() - before > len(ballast) // 2
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
