"""An event loop whose time is made up and whose order is drawn by lot: one seed, one course.

Nothing waits for the world. When nobody can go on, the clock jumps to the next
timer. Tasks that are ready together go on in an order drawn by lot; plain
callbacks keep theirs, as asyncio promises. The lot is drawn among tasks in the
order of their birth: those that are cancelled together are ready in the order
of a set, which is that of their addresses.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import random
import selectors
from collections.abc import Callable, Coroutine, Generator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import anyio


class StuckError(Exception):
    """Nobody can go on, and no timer is set: something waits for what will never be."""


class _NoFiles(selectors.BaseSelector):
    """Knows of no file that is ready; what waits for one is served by the simulation."""

    def __init__(self) -> None:
        self._keys: dict[int, selectors.SelectorKey] = {}

    def register(
        self,
        fileobj: Any,  # noqa: ANN401
        events: int,
        data: Any = None,  # noqa: ANN401
    ) -> selectors.SelectorKey:
        fd = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        self._keys[fd] = selectors.SelectorKey(fileobj, fd, events, data)
        return self._keys[fd]

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:  # noqa: ANN401
        return self._keys.pop(fileobj if isinstance(fileobj, int) else fileobj.fileno())

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return []

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._keys

    def close(self) -> None:
        self._keys.clear()


class _NumberedTask(asyncio.Task[Any]):
    """Knows when it was born, among those of its loop."""

    number = 0


class SimulatedLoop(asyncio.SelectorEventLoop):
    """Jumps in time, and shuffles."""

    def __init__(self, chance: random.Random) -> None:
        self._now: float = 0.0
        self._chance = chance
        super().__init__(_NoFiles())
        self._births = itertools.count(1)
        factory: Any = self._bear
        self.set_task_factory(factory)

    def _bear(
        self,
        loop: asyncio.AbstractEventLoop,
        coroutine: Coroutine[Any, Any, Any],
        **words: Any,  # noqa: ANN401
    ) -> _NumberedTask:
        task = _NumberedTask(coroutine, loop=loop, **words)
        task.number = next(self._births)
        return task

    def time(self) -> float:
        return self._now

    def _run_once(self) -> None:
        ready: Any = self._ready  # type: ignore[attr-defined]
        scheduled: Any = self._scheduled  # type: ignore[attr-defined]
        if not ready:
            if not scheduled:
                raise StuckError(f"at {self._now:.3f} s")
            first = cast("asyncio.TimerHandle", scheduled[0])
            self._now = max(self._now, first.when())
        self._shuffle(ready)
        super()._run_once()  # type: ignore[misc]

    def _shuffle(self, ready: Any) -> None:  # noqa: ANN401
        places = [place for place, handle in enumerate(ready) if _is_of_task(handle)]
        if len(places) > 1:
            handles = sorted((ready[place] for place in places), key=_number)
            self._chance.shuffle(handles)
            for place, handle in zip(places, handles, strict=True):
                ready[place] = handle


def _is_of_task(handle: Any) -> bool:  # noqa: ANN401
    return isinstance(getattr(handle._callback, "__self__", None), _NumberedTask)


def _number(handle: Any) -> int:  # noqa: ANN401
    return int(handle._callback.__self__.number)


@contextmanager
def _uncollected() -> Generator[None, None, None]:
    """Have no garbage collected: when that is due, and so what it closes, is up to earlier tests."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def simulate(chance: random.Random, main: Callable[[], Any]) -> object:
    """Run ``main`` on a simulated loop and return what it returned."""
    with _uncollected():
        return anyio.run(main, backend_options={"loop_factory": lambda: SimulatedLoop(chance)})
