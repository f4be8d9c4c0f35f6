"""Runs jobs: hands each to a shim of its own and returns what became of it.

    Launcher --order--> zygote --fork--> shim --spawn--> /bin/sh -c command
        |                                  |
        +----- control socket -------------+     which is the shim's lifeline too

One spare shim waits for the next job. A shim that dies in the middle of its job leaves orphans. They fall to this
process, and the job's outcome waits until they are dead.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Callable
from typing import Literal

import anyio

from . import orphans, zygote
from .control import Control
from .job import Job, Outcome
from .shim_child import describe
from .shim_tree import become_subreaper

__all__ = ["Launcher", "become_subreaper"]

logger = logging.getLogger(__name__)

_ATTEMPTS = 3
_TAKE_SECONDS = 30.0
"""How long a shim may take to accept its job; far more than a busy machine needs."""

_SPARE_SECONDS = 0.001
"""After the start of a command until its spare shim is replaced."""

_CLOSE_SECONDS = 10.0
_MARGIN_SECONDS = 5.0
"""How long beyond the grace the end of a killed task is awaited before stronger means."""


class Launcher:
    """Runs any number of jobs at a time. ``clock`` gives Unix seconds.

    The calling process has to be a subreaper, see
    :func:`become_subreaper`, or the orphans of a shim that died
    are found by their cookie only.
    """

    def __init__(
        self, *, python: str = sys.executable, clock: Callable[[], float] = time.time
    ) -> None:
        self._zygote = zygote.Zygote(python)
        self._clock = clock
        self._jobs: dict[int, Control | None] = {}
        self._killed: set[int] = set()
        self._shims: set[Control] = set()
        self._spare: Control | None = None
        self._wanted = anyio.Event()
        self._closed = False
        self._grace: float | None = None

    async def warm(self) -> None:
        """Make ready what the first job would have to wait for.

        :raises OSError: no process can be started
        """
        if self._spare is None:
            self._spare = await self._order()
        await self._spare.ready.wait()

    async def run(self, job: Job, on_started: Callable[[int], None]) -> Outcome:
        """Run ``job``; ``on_started`` gets the pid of its shell.

        Returns when nothing of the task lives any more, whatever became of it.
        Cancelling kills the task and waits until it is dead.
        """
        self._jobs[job.task_id] = None
        try:
            return await self._run(job, on_started)
        except OSError as error:
            return self._outcome("cannot_start", describe(error))
        finally:
            del self._jobs[job.task_id]
            self._killed.discard(job.task_id)

    def kill(self, task_id: int) -> None:
        """Kill a running task; its outcome tells when it is dead. Another one is left alone."""
        if task_id in self._jobs:
            self._killed.add(task_id)
            if (shim := self._jobs[task_id]) is not None:
                shim.kill(self._grace)

    def limit_grace(self, seconds: float) -> None:
        """Let killed tasks have at most so long between TERM and KILL, those included that die."""
        self._grace = seconds
        for task_id in self._killed:
            self.kill(task_id)

    async def tail(self, task_id: int) -> bytes:
        """Return the last 32 KiB of a running task's output; of another one nothing."""
        shim = self._jobs.get(task_id)
        return await shim.tail() if shim is not None else b""

    def follow(self, task_id: int, stream: str) -> None:
        """Copy a running task's further output to a unix socket. Another one is left alone."""
        if (shim := self._jobs.get(task_id)) is not None:
            shim.follow(stream)

    def shim_pid(self, task_id: int) -> int:
        """Return the pid of a running task's shim, 0: none yet, or no such task."""
        shim = self._jobs.get(task_id)
        return shim.pid if shim is not None else 0

    async def close(self) -> None:
        """Kill every running task, wait until their shims are dead, end the zygote."""
        self._closed = True
        for task_id in list(self._jobs):
            self.kill(task_id)
        with anyio.move_on_after(_CLOSE_SECONDS):
            for shim in list(self._shims):
                if shim is not self._spare:
                    await shim.settled.wait()
        for shim in list(self._shims):
            shim.abort()
        with anyio.move_on_after(_MARGIN_SECONDS):
            for shim in list(self._shims):
                await shim.dead.wait()
        self._zygote.close()

    # ------------------------------------------------------------ one job

    async def _run(self, job: Job, on_started: Callable[[int], None]) -> Outcome:
        for _ in range(_ATTEMPTS):
            shim = await self._shim()
            if job.task_id in self._killed:
                shim.abort()
                return self._outcome("killed")
            self._jobs[job.task_id] = shim
            shim.run(job, self._telling(on_started))
            outcome = await self._end_of(shim, job)
            if outcome is not None:
                return outcome
        return self._outcome("cannot_start", "shims die before they take their job")

    async def _shim(self) -> Control:
        spare, self._spare = self._spare, None
        if spare is not None and not spare.settled.is_set():
            return spare
        return await self._order()

    def _telling(self, on_started: Callable[[int], None]) -> Callable[[int], None]:
        def started(pid: int) -> None:
            self._wanted.set()
            on_started(pid)

        return started

    async def keep(self) -> None:
        """Have a spare shim ready whenever it may be needed, until cancelled."""
        while True:
            await self._wanted.wait()
            # The command that has just begun needs the processor more: the hand-over comes first.
            await anyio.sleep(_SPARE_SECONDS)
            self._wanted = anyio.Event()
            if self._spare is None and not self._closed:
                await self._try_spare()

    async def _try_spare(self) -> None:
        try:
            self._spare = await self._order()
        except OSError as error:
            # The next job tries again, and is told when it fails again.
            logger.warning("no spare shim: %s", describe(error))

    async def _order(self) -> Control:
        self._shims = {shim for shim in self._shims if not shim.dead.is_set()}
        end = await self._zygote.fork()
        loop = asyncio.get_running_loop()
        _, shim = await loop.create_unix_connection(Control, sock=end)
        self._shims.add(shim)
        return shim

    async def _end_of(self, shim: Control, job: Job) -> Outcome | None:
        """Return the job's outcome; None: the shim died and never touched it."""
        try:
            return await self._outcome_of(shim, job)
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                await self._kill(shim, job)
            raise

    async def _outcome_of(self, shim: Control, job: Job) -> Outcome | None:
        with anyio.move_on_after(_TAKE_SECONDS):
            await shim.answered.wait()
        if shim.refused:
            return self._outcome("cannot_start", shim.refused)
        if not shim.answered.is_set():
            shim.kill_shim()
            return self._outcome("cannot_start", f"no shim answered within {_TAKE_SECONDS:.0f} s")
        await shim.settled.wait()
        if shim.outcome is not None or not shim.taken:
            return shim.outcome
        await self._clear_up(shim, job)
        return self._outcome("shim_lost", "its shim was killed")

    async def _kill(self, shim: Control, job: Job) -> None:
        shim.kill()
        with anyio.move_on_after(job.grace_seconds + _MARGIN_SECONDS):
            await shim.settled.wait()
        if shim.outcome is None:
            shim.kill_shim()
            with anyio.move_on_after(_MARGIN_SECONDS):
                await self._clear_up(shim, job)

    async def _clear_up(self, shim: Control, job: Job) -> None:
        # Its orphans fall to us when it is dead, which is later than its silence.
        await shim.dead.wait()
        spared = {other.pid for other in self._shims if not other.dead.is_set()}
        await orphans.kill_adopted({*spared, self._zygote.pid})
        await orphans.kill_carriers({job.cookie})

    def _outcome(
        self, reason: Literal["cannot_start", "killed", "shim_lost"], error: str = ""
    ) -> Outcome:
        return Outcome(reason=reason, error=error, ended_at=self._clock())
