"""Which callers must be told that something has changed for their task. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from .task import Call, Task

PROGRESS_SECONDS = 15.0

Told = list[tuple[Call, Task]]


class News:
    """Compares what each call was told last with what is so now."""

    def __init__(self) -> None:
        self._tick: float | None = None

    def changes(self, running: Sequence[Task], waiting: Sequence[Task], now: float) -> Told:
        """Return the calls whose place, or whose holders of slots, have changed."""
        holders = tuple(task.id for task in running)
        changed: Told = []
        for task in running:
            changed += _differing(task, (task.state,))
        for place, task in enumerate(waiting, start=1):
            changed += _differing(task, (place, holders))
        if changed and self._tick is None:
            self._tick = now + PROGRESS_SECONDS
        return changed

    def due(self, tasks: Sequence[Task], now: float) -> Told:
        """Return every call that listens, once in 15 s."""
        if self._tick is None or now < self._tick:
            return []
        listening = [(c, t) for t in tasks for c in t.calls.values() if c.progress]
        self._tick = now + PROGRESS_SECONDS if listening else None
        return listening

    def next_deadline(self) -> float | None:
        """When :meth:`due` next has something to say."""
        return self._tick


def _differing(task: Task, told: tuple[object, ...]) -> Told:
    changed: Told = []
    for call in task.calls.values():
        if call.progress and call.told != told:
            call.told = told
            changed.append((call, task))
    return changed
