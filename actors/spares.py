"""Shims that wait: one for whoever comes next, and one briefed for each who is known to.

::

    zygote --fork--> spare --brief(job)--> briefed --take(job)--> has the job
                       |                      |
                       +------ take(job) -----+-- dismiss --> gone

A turn then costs neither a fork nor the hand-over of the job. A briefed shim
has done nothing that anybody could see: it may be dismissed at any time, and a
job that is not the one it was briefed for is given to another.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable

import anyio
import msgspec

from .control import FALLING_SECONDS, Control
from .job import Job
from .orphans import reap_adopted
from .shim_child import describe
from .zygote import Zygote

logger = logging.getLogger(__name__)

_SPARE_SECONDS = 0.001
"""After the start of a command until its spare shim is replaced."""

MOST_BRIEFED = 4
"""Each is a process of some megabytes; who waits in one more queue does with the spare."""


class Spares:
    """Orders shims from ``zygote`` and keeps some in hand."""

    def __init__(self, zygote: Zygote) -> None:
        self.all: set[Control] = set()
        """Every shim whose death nobody has seen."""
        self._zygote = zygote
        self._spare: Control | None = None
        self._briefed: dict[int, Control] = {}
        self._wishes: dict[int, tuple[Job, Callable[[], None]]] = {}
        self._wanted = anyio.Event()
        self._closed = False

    @property
    def idle(self) -> set[Control]:
        """Those that have no job, but perhaps a briefing."""
        return {*self._briefed.values(), *([self._spare] if self._spare else [])}

    async def warm(self) -> None:
        """Have a spare that is ready.

        :raises OSError: no process can be started
        """
        if self._spare is None:
            self._spare = await self._order()
        await self._spare.ready.wait()

    async def take(self, job: Job) -> Control:
        """Return a shim for ``job``: the one that is briefed for it, else the spare, else a new one.

        :raises OSError: no process can be started
        """
        if (briefed := self.briefed(job)) is not None:
            return briefed
        spare, self._spare = self._spare, None
        if spare is not None and not spare.settled.is_set():
            return spare
        return await self._order()

    def briefed(self, job: Job) -> Control | None:
        """Return the shim that is briefed for ``job``, and may have it now; None: there is none."""
        self._wishes.pop(job.task_id, None)
        briefed = self._briefed.pop(job.task_id, None)
        if briefed is None or briefed.begun or _fits(briefed, job):
            return briefed
        briefed.abort()
        return None

    def brief(self, job: Job, on_briefed: Callable[[], None]) -> None:
        """Have a shim briefed for ``job``, whose turn is next, as soon as there is a spare.

        Does nothing where enough are briefed.
        """
        if len(self._briefed) + len(self._wishes) < MOST_BRIEFED:
            self._wishes[job.task_id] = (job, on_briefed)
            self._grant()

    def knowing(self, task_id: int) -> Control | None:
        """Return the shim that is briefed for a task, and waits for its turn; None: there is none."""
        briefed = self._briefed.get(task_id)
        return briefed if briefed is not None and not briefed.settled.is_set() else None

    def dismiss(self, task_id: int) -> None:
        """Brief nobody for this task after all. One that was taken is left alone."""
        self._wishes.pop(task_id, None)
        if (briefed := self._briefed.pop(task_id, None)) is not None:
            briefed.abort()

    def replace(self) -> None:
        """A command has begun: have a new spare soon."""
        self._wanted.set()

    async def keep(self) -> None:
        """Have a spare ready whenever it may be needed, until cancelled."""
        while True:
            await self._wanted.wait()
            # The command that has just begun needs the processor more: the hand-over comes first.
            await anyio.sleep(_SPARE_SECONDS)
            self._wanted = anyio.Event()
            if self._spare is None and not self._closed:
                await self._try_spare()

    def close(self) -> None:
        """Order no more spares."""
        self._closed = True

    # ------------------------------------------------------------ inside

    def _grant(self) -> None:
        while self._wishes and self._spare is not None and not self._spare.settled.is_set():
            job, on_briefed = self._wishes.pop(next(iter(self._wishes)))
            shim, self._spare = self._spare, None
            self._briefed[job.task_id] = shim
            shim.brief(job)
            self._wanted.set()
            on_briefed()

    async def _try_spare(self) -> None:
        try:
            self._spare = await self._order()
        except OSError as error:
            # The next job tries again, and is told when it fails again.
            logger.warning("no spare shim: %s", describe(error))
        self._grant()

    async def _order(self) -> Control:
        self.all = {shim for shim in self.all if not shim.dead.is_set()}
        # Each is watched by its pid, once it has told that.
        end = await self._zygote.fork(sum(not shim.ready.is_set() for shim in self.all))
        loop = asyncio.get_running_loop()
        _, shim = await loop.create_unix_connection(Control, sock=end)
        shim.on_lost = self._sweep_later
        self.all.add(shim)
        return shim

    def _sweep_later(self) -> None:
        if sys.platform == "linux":  # elsewhere nobody falls to us
            asyncio.get_running_loop().call_later(FALLING_SECONDS, self._sweep)

    def _sweep(self) -> None:
        """Reap who fell to us dead, and died together with all who knew its pid."""
        known = {*(shim.pid for shim in self.all), self._zygote.pid}
        # One that has yet to tell its pid is none of those.
        told = all(shim.ready.is_set() for shim in self.all)
        if not (told and reap_adopted(known)):
            self._sweep_later()


def _fits(shim: Control, job: Job) -> bool:
    """Tell whether a shim lives and was briefed for just this; the header tells the time."""
    known = shim.briefed
    if known is None or shim.settled.is_set():
        return False
    return msgspec.structs.replace(known, log_header=job.log_header) == job
