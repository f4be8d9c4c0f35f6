"""May an agent stop? Held at most once for every arrival and for every task. Pure.

    tasks   unread mail of kind ``task``, and its own tasks that have not ended, hold it
    all     any unread mail holds it, and so do these tasks
    off     nothing does

What has held it once never does again by itself, whatever became of it: the *marks* of an
agent say how far. While a task is unread, newer mail of any kind holds it once more. In a
turn that a hook has held already, only mail holds it of which it was not told in any way.
"""

from __future__ import annotations

import msgspec

from .hook_contract import Heard
from .hook_names import Gate
from .transport.bell import Doorstep


class Marks(msgspec.Struct, frozen=True):
    """How far an agent was told and held by hooks."""

    noticed: int = 0
    """The cursor of the newest mail that it was told of."""
    held: int = 0
    """The cursor of the newest mail that has held it."""
    task: int = 0
    """The newest task that has held it."""

    def joined(self, other: Marks) -> Marks:
        """Return the furthest of both."""
        return Marks(
            max(self.noticed, other.noticed),
            max(self.held, other.held),
            max(self.task, other.task),
        )


def held_by(gate: Gate, heard: Heard, step: Doorstep, marks: Marks) -> Marks | None:
    """Return the marks of an agent that may not stop; None: it may."""
    if gate == "off" or heard.subagent or heard.broken_off:
        return None
    reached = marks
    if _mail_holds(gate, heard, step, marks):
        reached = reached.joined(Marks(noticed=step.cursor, held=step.cursor))
    if not heard.stop_hook_active and not heard.works_on:
        newest = max((task.task_id for task in step.open_tasks), default=0)
        reached = reached.joined(Marks(task=newest))
    return reached if (reached.held, reached.task) != (marks.held, marks.task) else None


def _mail_holds(gate: Gate, heard: Heard, step: Doorstep, marks: Marks) -> bool:
    waiting = step.unread if gate == "all" else step.unread_tasks
    told = marks.held
    if heard.stop_hook_active:
        told = max(told, marks.noticed, step.noticed)
    return step.on and waiting > 0 and step.cursor > told
