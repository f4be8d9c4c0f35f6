"""Who runs: the tasks in a queue's slots, and the nested ones inside them. Pure."""

from __future__ import annotations

from .job import Outcome
from .moment import Moment
from .task import Call, Task

Ended = tuple[Task, Outcome, Moment]

_TELLING_SECONDS = 1.0
"""Far more than a shim needs to tell what became of its task."""


class Slots:
    """At most ``width`` tasks, each with the nested tasks that run inside its turn.

    A task that has ended itself keeps its slot until its nested tasks have
    ended too: only then nothing of its tree lives. One that is dead, and whose
    outcome is still to come, is found here but has left its slot.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self._held: dict[int, Task] = {}
        self._nested: dict[int, Task] = {}
        self._ended: dict[int, Ended] = {}
        self._dead: set[int] = set()

    @property
    def has_room(self) -> bool:
        return len(self.holders()) < self.width

    def take(self, task: Task) -> None:
        """Give a task a slot, or let it run inside that of an ancestor."""
        slots = self._held if task.inside is None else self._nested
        slots[task.id] = task

    def find(self, task_id: int) -> Task | None:
        """Return a task that runs or is ending."""
        return self._held.get(task_id) or self._nested.get(task_id)

    def holders(self) -> list[Task]:
        """Return the tasks that hold a slot of their own."""
        return [t for t in self._held.values() if t.id not in self._dead or self.inside(t.id)]

    def tasks(self) -> list[Task]:
        """Return whatever is found here, nested ones last."""
        return [*self._held.values(), *self._nested.values()]

    def nested(self) -> list[Task]:
        """Return the tasks that run inside another's turn."""
        return list(self._nested.values())

    def inside(self, holder: int) -> list[Task]:
        """Return the nested tasks directly inside ``holder``."""
        return [t for t in self._nested.values() if t.inside == holder]

    def is_ending(self, task_id: int) -> bool:
        """Tell whether a task is gone, or nothing new may begin inside it."""
        task = self.find(task_id)
        gone = task_id in self._dead or task_id in self._ended
        return task is None or gone or bool(task.cancelled_by)

    def make_patient(self, call: Call, task_id: int, now: Moment) -> None:
        """Let who looks at a dead task have its end, which is about to be told: it does not run."""
        if task_id in self._dead and not self.inside(task_id) and call.deadline is not None:
            call.deadline = max(call.deadline, now.mono + _TELLING_SECONDS)

    def drop(self, task_id: int) -> None:
        """Take back the slot of a task that never ran."""
        self._dead.discard(task_id)
        self._held.pop(task_id, None)
        self._nested.pop(task_id, None)

    def leave(self, task_id: int) -> None:
        """Nothing of a task's own tree lives any more; what became of it is told later."""
        if self.find(task_id) is not None:
            self._dead.add(task_id)

    def end(self, task: Task, outcome: Outcome, now: Moment) -> None:
        """Nothing of a task's own tree lives any more, and this became of it."""
        self._ended[task.id] = (task, outcome, now)

    def free(self, task_id: int | None) -> Ended | None:
        """Free the slot of a task that has ended, nested tasks and all; None: not yet."""
        if task_id is None or task_id not in self._ended or self.inside(task_id):
            return None
        self._held.pop(task_id, None)
        self._nested.pop(task_id, None)
        self._dead.discard(task_id)
        return self._ended.pop(task_id)
