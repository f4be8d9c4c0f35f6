"""Final results that nobody has got yet: they answer the same call when it comes again. Pure."""

from __future__ import annotations

from .moment import Moment
from .task import Task

REUSE_SECONDS = 600.0
"""An older result is not given any more: the files may have changed since."""


class Results:
    """Undelivered results by the key of their task."""

    def __init__(self) -> None:
        self._tasks: dict[str, Task] = {}

    def keep(self, task: Task, now: Moment) -> None:
        """Keep the result of a task that has just ended, and forget those that are too old."""
        self._tasks = {key: kept for key, kept in self._tasks.items() if _is_good(kept, now)}
        self._tasks[task.key] = task

    def find(self, key: str, now: Moment) -> Task | None:
        """Return the ended task whose result is still to be delivered, if there is one."""
        task = self._tasks.get(key)
        return task if task is not None and _is_good(task, now) else None


def _is_good(task: Task, now: Moment) -> bool:
    if task.delivered or task.ended is None:
        return False
    return now.mono - task.ended.mono <= REUSE_SECONDS
