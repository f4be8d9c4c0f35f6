"""The waiting tasks of a queue in order of acceptance, and the gate before them. Pure.

After a restart the gate is shut: nothing starts until every caller of a
restored task is back, or 2 s have passed. So the restored keep their order.
"""

from __future__ import annotations

from ..transport.errors import QueueFull
from .moment import Moment
from .task import Task

WAITING_LIMIT = 1000
GATE_SECONDS = 2.0


class Line:
    """First in, first out."""

    def __init__(self) -> None:
        self._tasks: list[Task] = []
        self.gate: float | None = None
        """Until when the gate is shut, on the monotonic clock; None: it is open."""

    def __len__(self) -> int:
        return len(self._tasks)

    def __contains__(self, task: Task) -> bool:
        return task in self._tasks

    def check_room(self, name: str) -> None:
        """Refuse one more waiting task of the queue ``name``.

        :raises QueueFull: too many wait
        """
        if len(self._tasks) >= WAITING_LIMIT:
            raise QueueFull(
                f"{len(self._tasks)} tasks wait in queue {name}."
                " Wait until some have run, or use another queue_name."
            )

    def tasks(self) -> list[Task]:
        """Return the waiting tasks, next first."""
        return list(self._tasks)

    def add(self, task: Task) -> None:
        """Put a task at the end."""
        self._tasks.append(task)

    def restore(self, task: Task, now: Moment) -> None:
        """Put a task of an earlier broker life at its old place and shut the gate."""
        self._tasks.append(task)
        self._tasks.sort(key=lambda t: t.id)
        self.gate = now.mono + GATE_SECONDS

    def remove(self, task: Task) -> None:
        """Take a task out, wherever it stands."""
        self._tasks.remove(task)

    def first(self) -> Task | None:
        """Return the task whose turn it is; None: nobody waits, or the gate is shut."""
        return self._tasks[0] if self._tasks and self.gate is None else None

    def next(self) -> Task | None:
        """Take out the task whose turn it is, if there is one."""
        return self._tasks.pop(0) if self.first() else None

    def open_if_complete(self) -> None:
        """Open the gate when every caller is back."""
        if not self.absent():
            self.gate = None

    def absent(self) -> list[Task]:
        """Return the restored tasks whose callers are not back."""
        return [t for t in self._tasks if t.request is None]

    def place(self, task: Task) -> int:
        """Return a task's place, 1 is next; 0: it does not wait."""
        return self._tasks.index(task) + 1 if task in self._tasks else 0
