"""The tasks that were answered while they wait: what a new broker needs to keep their place. Pure.

A broker never stores an environment. When it dies, those whose calls are open
send them again; of one that was answered before its turn only its client knows.
"""

from __future__ import annotations

from . import messages

MOST = 50
MOST_BYTES = 8 * 1024 * 1024
"""Of requests kept; the oldest are forgotten."""


class Promises:
    """Requests to run a task by the task's number, until its end is known here."""

    def __init__(self) -> None:
        self._kept: dict[int, messages.KeepPlace] = {}
        self._bytes = 0

    def hear(self, report: messages.TaskReport, request_id: bytes, run_task: bytes) -> None:
        """A request to run a task was answered; one that had started then has no place to keep."""
        self.learn(report)
        if report.state != "waiting":
            return
        self._kept[report.task_id] = messages.KeepPlace(request_id=request_id, run_task=run_task)
        self._bytes += len(run_task)
        while len(self._kept) > MOST or self._bytes > MOST_BYTES:
            self._forget(next(iter(self._kept)))

    def learn(self, report: messages.TaskReport) -> None:
        """A task was reported: one that has ended needs no place."""
        if report.state not in messages.OPEN_STATES:
            self._forget(report.task_id)

    def requests(self) -> list[messages.KeepPlace]:
        """Return what to ask of a new broker, oldest first."""
        return list(self._kept.values())

    def _forget(self, task_id: int) -> None:
        kept = self._kept.pop(task_id, None)
        if kept is not None:
            self._bytes -= len(kept.run_task)
