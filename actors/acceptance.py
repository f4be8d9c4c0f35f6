"""The tasks of one queue that are not on disk yet, and who waits for that.

asked ── on disk ──────────────────> (forgotten: nothing hinders it any more)
  │
  └── no room: it never will be ──> refused ── drop ──> (forgotten)
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import anyio

from ..transport.errors import SignalpostError, StoreFull
from .row import TaskRow
from .services import TaskStore

logger = logging.getLogger(__name__)


class Verdict:
    """What becomes of one new task."""

    __slots__ = ("_error", "_given")

    def __init__(self) -> None:
        self._given = anyio.Event()
        self._error: Exception | None = None

    def give(self, error: Exception | None) -> None:
        """The store has spoken."""
        self._error = error
        self._given.set()

    async def wait(self) -> None:
        """Return when the task is on disk.

        :raises StoreFull: it is not and never will be, for want of room
        :raises Exception: it is not, since the store has failed or is closed
        """
        await self._given.wait()
        if self._error is not None:
            raise self._error


class Acceptance:
    """Has new tasks kept.

    ``refuse`` is called with each for which there is no room, ``kept`` when one is on disk.
    """

    def __init__(
        self,
        store: TaskStore,
        refuse: Callable[[int, SignalpostError], None],
        kept: Callable[[], None],
    ) -> None:
        self._store = store
        self._refuse = refuse
        self._kept = kept
        self._asked: dict[int, Verdict] = {}

    def ask(self, row: TaskRow) -> None:
        """Have a new task kept."""
        self._store.accept(row, lambda error: self._answered(row.id, error))
        self._asked[row.id] = Verdict()

    def verdict(self, task_id: int) -> Verdict | None:
        """Return what to wait for before anything is done or told; None: the task is on disk."""
        return self._asked.get(task_id)

    def drop(self, task_id: int) -> None:
        """Forget a task: it was refused or has ended, and nobody asks for it any more."""
        self._asked.pop(task_id, None)

    def _answered(self, task_id: int, error: Exception | None) -> None:
        verdict = self._asked.get(task_id)
        if verdict is not None:
            verdict.give(error)
        if error is None:
            self.drop(task_id)
            self._kept()
        elif isinstance(error, StoreFull):
            self._refuse(task_id, error)
        else:
            logger.error("task %d is not on disk: %s", task_id, error)
