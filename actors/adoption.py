"""A task of an earlier broker life that goes on under its shim, watched from outside.

    broker A ──control socket──> shim ──> command
        X  SIGKILL               │ lifeline lost: it goes on alone
                                 │
    broker B ─ running record ─> │ pidfd: adopted, holds its slot, may be killed
        X  SIGKILL               │ nothing changes for the shim: adopted anew
                                 v
    broker C <── exit record ── end

The shim keeps the time limit, the log and the records by itself. What is left
to do here is to learn of its end, to have it kill its task (SIGTERM; it takes
nobody else's orders), and to kill it when it hangs. A shim that was killed has
left no exit record: then what carries its task's mark is killed, and it is lost.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import anyio

from . import orphans, recovery
from .job import Outcome, Running
from .lost import logged, lost
from .patience import Patience


class Adopted:
    """One such task. ``clock`` gives Unix seconds."""

    def __init__(self, record: Running, run_dir: Path, clock: Callable[[], float]) -> None:
        self.record = record
        self._run_dir = run_dir
        self._clock = clock
        self._dead = anyio.Event()
        self._handle = recovery.open_shim(record)
        if self._handle is None:
            self._dead.set()
        else:
            asyncio.get_running_loop().add_reader(self._handle, self._died)
        left = record.began + record.timeout_seconds - anyio.current_time()
        self.patience = Patience(timeout_seconds=max(0.0, left), grace_seconds=record.grace_seconds)

    async def outcome(self) -> Outcome:
        """Return how the task ended, when nothing of it lives any more.

        Cancelling kills the task and waits until it is dead.
        """
        self.patience.begin()
        try:
            return await self._outcome()
        except anyio.get_cancelled_exc_class():
            self.kill(None)
            with anyio.CancelScope(shield=True):
                await self._outcome()
            raise

    def kill(self, grace: float | None) -> None:
        """Have the task killed. The shim's own grace counts; after ``grace`` it is killed hard."""
        self.patience.kill(grace)
        if self._handle is not None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, signal.SIGTERM)

    async def tail(self) -> bytes:
        """Return the last of the task's output that is in its log."""
        return await logged(self.record.task_id, self.record.log)

    def close(self) -> None:
        """Watch it no more. It goes on."""
        if self._handle is not None:
            asyncio.get_running_loop().remove_reader(self._handle)
            os.close(self._handle)
            self._handle = None

    # ------------------------------------------------------------ inside

    def _died(self) -> None:
        if self._handle is not None:
            asyncio.get_running_loop().remove_reader(self._handle)
        self._dead.set()

    async def _outcome(self) -> Outcome:
        in_time = await self.patience.lasts_until(self._dead)
        if not in_time and self._handle is not None:
            asyncio.get_running_loop().remove_reader(self._handle)
            await recovery.kill_hard(self.record, self._handle)
        self.close()
        return self._recorded() or await self._lost(in_time)

    def _recorded(self) -> Outcome | None:
        return recovery.outcome(self._run_dir, self.record.task_id)

    async def _lost(self, in_time: bool) -> Outcome:
        await orphans.kill_carriers({self.record.cookie})
        return await lost(
            self.record.task_id,
            self.record.log,
            hung=None if in_time else self.patience.reason,
            ran_seconds=max(0.0, anyio.current_time() - self.record.began),
            ended_at=self._clock(),
        )
