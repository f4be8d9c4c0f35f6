"""Runs jobs: hands each to a shim of its own and returns what became of it.

    Launcher --order--> zygote --fork--> shim --spawn--> /bin/sh -c command
        |                                  |
        +----- control socket -------------+     which is the shim's lifeline too

Spare shims wait for the next jobs, see :mod:`spares`. A shim that hangs is killed when the time
of its task is up. One that dies in the middle of its job leaves orphans: they
fall to this process, and the job's outcome waits until they are dead.

Tasks that outlived an earlier broker are adopted, see :mod:`adoption`.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

import anyio

from . import orphans, zygote
from .adoption import Adopted
from .control import Control, overhear
from .handover import Handover, open_between
from .job import Job, Outcome, Running
from .lost import logged, lost
from .run import Run
from .shim_reason import without_shim
from .shim_tree import become_subreaper
from .spares import Spares

__all__ = ["Launcher", "become_subreaper"]

logger = logging.getLogger(__name__)

_ATTEMPTS = 3
_TAKE_SECONDS = 30.0
"""How long a shim may take to accept its job; far more than a busy machine needs."""

_CLOSE_SECONDS = 10.0
_DEATH_SECONDS = 2.0
"""How long a shim that lost its connection may take to be gone."""

_TAIL_SECONDS = 0.5
"""How long a shim may take to tell what its task has written; the log tells nearly as much."""

_REMEDY = "If that lasts, restart the broker: signalpost stop"


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
        self._runs: dict[int, Run] = {}
        self._adopted: dict[int, Adopted] = {}
        self._spares = Spares(self._zygote)
        self._grace: float | None = None

    async def warm(self) -> None:
        """Make ready what the first job would have to wait for.

        :raises OSError: no process can be started
        """
        await self._spares.warm()

    def brief(self, job: Job, on_briefed: Callable[[], None] = overhear) -> None:
        """Make ready for a job whose turn is next. Nothing of it is seen before it runs."""
        self._spares.brief(job, on_briefed)

    def handover(
        self, holder: int, successor: int, on_begun: Callable[[], None]
    ) -> Handover | None:
        """Let a briefed task begin with the death of a running one, whenever that is offered."""
        run, shim = self._runs.get(holder), self._spares.knowing(successor)
        if run is None or run.shim is None or shim is None:
            return None
        return open_between(run.shim, shim, on_begun)

    def dismiss(self, task_id: int) -> None:
        """It will not be run after all; one that runs is left alone."""
        self._spares.dismiss(task_id)

    def hasten(
        self, job: Job, on_started: Callable[[int], None], on_dead: Callable[[], None]
    ) -> bool:
        """Have a job begin now, if a shim is briefed for it. :meth:`run` has to follow."""
        shim = self._spares.briefed(job)
        if shim is None:
            return False
        run = self._runs[job.task_id] = Run(job)
        self._hand(run, shim, on_started, on_dead)
        return True

    async def run(
        self, job: Job, on_started: Callable[[int], None], on_dead: Callable[[], None] = overhear
    ) -> Outcome:
        """Run ``job``; ``on_started`` gets the pid of its shell.

        Returns when nothing of the task lives any more, whatever became of it, and that is
        written down; ``on_dead`` may be called before, when the first is true.
        Cancelling kills the task and waits until it is dead.
        """
        run = self._runs.setdefault(job.task_id, Run(job))
        try:
            outcome = await self._run(run, on_started, on_dead)
        except OSError as error:
            outcome = self._outcome("cannot_start", without_shim(error))
        finally:
            del self._runs[job.task_id]
        if outcome.error:
            logger.warning("task %d: %s", job.task_id, outcome.error)
        return outcome

    def adopt(self, living: Iterable[Running], run_dir: Path) -> None:
        """Take in the tasks of an earlier life that go on; each is to be resumed."""
        for record in living:
            self._adopted[record.task_id] = Adopted(record, run_dir, self._clock)

    async def resume(self, task_id: int) -> Outcome:
        """Return the outcome of an adopted task, as :meth:`run` does of its own."""
        adopted = self._adopted[task_id]
        try:
            return await adopted.outcome()
        finally:
            del self._adopted[task_id]

    def kill(self, task_id: int) -> None:
        """Kill a running task; its outcome tells when it is dead. Another one is left alone."""
        if (run := self._runs.get(task_id) or self._adopted.get(task_id)) is not None:
            run.kill(self._grace)

    def limit_grace(self, seconds: float) -> None:
        """Let killed tasks have at most so long between TERM and KILL, those included that die."""
        self._grace = seconds
        every: list[Run | Adopted] = [*self._runs.values(), *self._adopted.values()]
        for run in every:
            if run.patience.killed:
                run.kill(seconds)

    async def tail(self, task_id: int) -> bytes:
        """Return the last 32 KiB of a running task's output; of another one nothing."""
        if task_id in self._adopted:
            return await self._adopted[task_id].tail()
        run = self._runs.get(task_id)
        if run is None or run.shim is None:
            return b""
        with anyio.move_on_after(_TAIL_SECONDS):
            return await run.shim.tail()
        return await logged(task_id, run.job.log)

    def follow(self, task_id: int, stream: str) -> None:
        """Copy a running task's further output to a unix socket. Another one is left alone."""
        if (run := self._runs.get(task_id)) is not None and run.shim is not None:
            run.shim.follow(stream)

    def shim_pid(self, task_id: int) -> int:
        """Return the pid of a running task's shim, 0: none yet, or no such task."""
        run = self._runs.get(task_id)
        return run.shim.pid if run is not None and run.shim is not None else 0

    async def close(self) -> None:
        """Kill every running task, wait until their shims are dead, end the zygote.

        Adopted tasks that nobody has resumed go on.
        """
        self._spares.close()
        for adopted in self._adopted.values():
            adopted.close()
        for run in self._runs.values():
            run.kill(self._grace)
        with anyio.move_on_after(_CLOSE_SECONDS):
            for shim in self._spares.all - self._spares.idle:
                await shim.settled.wait()
        for shim in self._spares.all:
            shim.abort()
        await self._all_dead()
        for shim in self._spares.all:
            shim.kill_shim()  # it hangs: the end of its connection has not ended it
        await self._all_dead()
        self._zygote.close()

    async def _all_dead(self) -> None:
        with anyio.move_on_after(_DEATH_SECONDS):
            for shim in list(self._spares.all):
                await shim.dead.wait()

    # ------------------------------------------------------------ one job

    async def _run(
        self, run: Run, on_started: Callable[[int], None], on_dead: Callable[[], None]
    ) -> Outcome:
        shim = run.shim
        for _ in range(_ATTEMPTS):
            if shim is None:
                shim = await self._spares.take(run.job)
                if run.patience.killed:
                    shim.abort()
                    return self._outcome("killed")
                self._hand(run, shim, on_started, on_dead)
            outcome = await self._end_of(shim, run)
            if outcome is not None:
                return outcome
            shim = None
        return self._outcome("cannot_start", f"shims die before they take their job. {_REMEDY}")

    def _hand(
        self,
        run: Run,
        shim: Control,
        on_started: Callable[[int], None],
        on_dead: Callable[[], None],
    ) -> None:
        run.shim = shim
        shim.run(run.job, self._telling(on_started), on_dead)

    def _telling(self, on_started: Callable[[int], None]) -> Callable[[int], None]:
        def started(pid: int) -> None:
            self._spares.replace()
            on_started(pid)

        return started

    async def keep(self) -> None:
        """Have spare shims ready whenever they may be needed, until cancelled."""
        await self._spares.keep()

    async def _end_of(self, shim: Control, run: Run) -> Outcome | None:
        """Return the job's outcome; None: the shim died and never touched it."""
        try:
            return await self._outcome_of(shim, run)
        except anyio.get_cancelled_exc_class():
            run.kill(self._grace)
            with anyio.CancelScope(shield=True):
                await self._outcome_of(shim, run)
            raise

    async def _outcome_of(self, shim: Control, run: Run) -> Outcome | None:
        with anyio.move_on_after(_TAKE_SECONDS) as taking:
            await run.patience.lasts_until(shim.answered)
        if taking.cancelled_caught:
            return await self._no_answer(shim, run)
        if shim.refused:
            return self._outcome("cannot_start", shim.refused)
        run.patience.begin()
        in_time = await run.patience.lasts_until(shim.settled)
        if shim.outcome is not None or (in_time and not run.touched):
            return shim.outcome
        if not in_time:
            shim.kill_shim()
        await self._clear_up(shim, run.job)
        return await self._lost(run, in_time)

    async def _no_answer(self, shim: Control, run: Run) -> Outcome:
        # Whichever of the two hangs: the next job shall have better ones.
        shim.kill_shim()
        self._zygote.close()
        if run.touched:
            await self._clear_up(shim, run.job)
            return await self._lost(run, in_time=True)
        return self._outcome(
            "cannot_start", f"no shim answered within {_TAKE_SECONDS:.0f} s. {_REMEDY}"
        )

    async def _lost(self, run: Run, in_time: bool) -> Outcome:
        """Return what can be told of a task whose shim can tell nothing any more."""
        return await lost(
            run.job.task_id,
            run.job.log,
            hung=None if in_time else run.patience.reason,
            ran_seconds=run.patience.seconds,
            ended_at=self._clock(),
        )

    async def _clear_up(self, shim: Control, job: Job) -> None:
        # Its orphans fall to us when it is dead, which is later than its silence.
        await shim.dead.wait()
        await orphans.kill_adopted(self._own)
        await orphans.kill_carriers({job.cookie})

    def _own(self) -> set[int]:
        living = {shim.pid for shim in self._spares.all if not shim.dead.is_set()}
        return {*living, self._zygote.pid}

    def _outcome(self, reason: Literal["cannot_start", "killed"], error: str = "") -> Outcome:
        return Outcome(reason=reason, error=error, ended_at=self._clock())
