"""What the actors need of the world, as parameters. Pure: only the shapes.

The broker of a test passes stand-ins; the clock, the ids, the store and the
processes are never reached any other way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ..transport import messages
from .estimate import Estimate
from .events import Event
from .job import Job, Outcome
from .moment import Moment
from .row import TaskRow
from .settings import Settings
from .task import Call, Task
from .turns import Turns

Then = Callable[[Exception | None], None]
"""Called when a task is on disk, or with why it is not."""


class Handover(Protocol):
    """Of one task's turn to the next; see :mod:`handover`."""

    def offer(self) -> None:
        """Let the one begin with the death of the other."""
        ...

    def withdraw(self) -> bool:
        """Let it begin no more; False: it has begun."""
        ...

    def leave(self) -> None:
        """It begins now in any case: :meth:`Runner.hasten` follows at once."""
        ...

    def close(self) -> None:
        """It is not needed any more."""
        ...


class Runner(Protocol):
    """Runs commands; see :mod:`launcher`."""

    def brief(self, job: Job, on_briefed: Callable[[], None]) -> None:
        """Make ready for a job whose turn is next, and tell when it is."""
        ...

    def handover(
        self, holder: int, successor: int, on_begun: Callable[[], None]
    ) -> Handover | None:
        """Let a task that all is ready for begin with the death of another; None: not possible.

        When it has begun ``on_begun`` is called, and :meth:`hasten` has to follow.
        """
        ...

    def dismiss(self, task_id: int) -> None:
        """Its turn does not come after all; a job that runs is left alone."""
        ...

    def hasten(
        self, job: Job, on_started: Callable[[int], None], on_dead: Callable[[], None]
    ) -> bool:
        """Have a job begin at once, if all is ready for it; :meth:`run` has to follow."""
        ...

    async def run(
        self, job: Job, on_started: Callable[[int], None], on_dead: Callable[[], None]
    ) -> Outcome:
        """Run a job; return when nothing of it lives, having called ``on_dead`` at best before."""
        ...

    async def resume(self, task_id: int) -> Outcome:
        """Return when nothing lives of a job that was started in an earlier broker life."""
        ...

    def kill(self, task_id: int) -> None:
        """Have a running job's tree killed."""
        ...

    async def tail(self, task_id: int) -> bytes:
        """Return the last 32 KiB of a running job's output."""
        ...

    def follow(self, task_id: int, stream: str) -> None:
        """Copy a running job's further output to a unix socket."""
        ...


class TaskStore(Protocol):
    """Keeps tasks; see :mod:`store`."""

    def accept(self, row: TaskRow, then: Then) -> None:
        """Write a new task soon, if there is room; tell when it is on disk, or why it is not."""
        ...

    def put(self, row: TaskRow) -> None:
        """Write a task's latest state soon."""
        ...

    def forget(self, task_id: int) -> None:
        """Remove a task soon."""
        ...

    async def committed(self) -> None:
        """Return when everything put so far is on disk."""
        ...


class Events(Protocol):
    """Tells the world what happened; see :mod:`eventlog`."""

    def write(self, event: Event, /, **fields: object) -> None:
        """Append one event."""
        ...


Reply = Callable[[bytes, bytes, messages.Reply | messages.Push], bool]
"""Send to (session, correlation); False when the session is not connected."""


@dataclass(frozen=True)
class Services:
    """Everything a queue's actor may touch besides its own state."""

    clock: Callable[[], Moment]
    reply: Reply
    runner: Runner
    store: TaskStore
    events: Events
    estimate: Estimate
    turns: Turns
    settings: Settings
    job_of: Callable[[Task], Job]
    output_path: Callable[[int], str]
    """Where the log of a task will be."""
    withdrawn: Callable[[], None]
    """Called when a task was taken back before it ran."""
    finished: Callable[[Task], None]
    """Called when a task has reached its terminal state."""
    delivered: Callable[[int, int], None]
    """Called when its owner got the result of an ended task: the agent, the task."""
    answer_ended: Callable[[int, Call], None]
    """Answer a call that asks for a task which is not open any more."""
