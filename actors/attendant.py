"""Stays with the runs of one queue: starts each, and reports what becomes of it.

::

    who is next ──brief──> a shim knows its job ──launch──> it runs ──> Died ──> Ended
                                 │                   ^
                                 └ its turn does     └ what is not known beforehand,
                                   not come: dismiss   or not on disk yet, waits

The reports go into the mailbox of the queue's actor.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import msgspec
from anyio.abc import TaskGroup

from ..transport.errors import StoreFull
from .acceptance import Acceptance, Verdict
from .briefing import header_of
from .envelope import Ended, Envelope, Started
from .job import Job, Outcome, not_started
from .services import Services
from .task import Task

logger = logging.getLogger(__name__)


class Attendant:
    """Of one queue. ``on_dead`` gets the number of a task of whose tree nothing lives.

    ``on_briefed`` is called when a shim knows the job that is next.
    """

    def __init__(
        self,
        services: Services,
        tasks: TaskGroup,
        acceptance: Acceptance,
        report: Callable[[Envelope], None],
        on_dead: Callable[[int], None],
        on_briefed: Callable[[], None],
    ) -> None:
        self._services = services
        self._tasks = tasks
        self._acceptance = acceptance
        self._report = report
        self._on_dead = on_dead
        self._on_briefed = on_briefed
        self._next: Task | None = None
        self._job: Job | None = None
        self._starting: set[int] = set()

    def look_ahead(self, upcoming: Task | None) -> None:
        """Have a shim briefed for the task whose turn is next; None: there is none."""
        if upcoming is not None and upcoming.request is None:
            upcoming = None  # its caller is not back
        if upcoming is self._next or self._starting:
            return  # who begins now needs the spare more
        if self._next is not None:
            self._services.runner.dismiss(self._next.id)
        self._next, self._job = upcoming, None
        if upcoming is not None:
            self._job = self._services.job_of(upcoming)
            self._services.runner.brief(self._job, self._on_briefed)

    def may_begin(self, task: Task) -> bool:
        """Tell whether nothing is to be done for a task that waits but to have it begin."""
        if task is not self._next or self._job is None or self._starting:
            return False
        return self._acceptance.verdict(task.id) is None and self._job.outlives == _outlives(task)

    def launch(self, task: Task) -> None:
        """Have a task's command run, and stay with it."""
        job = self._job_of(task)
        if task.request is not None:  # the environment is not needed any more
            task.request = msgspec.structs.replace(task.request, environment={}, env_vars={})
        self._starting.add(task.id)
        verdict = self._acceptance.verdict(task.id)
        begun = verdict is None and self._services.runner.hasten(job, *self._listeners(task))
        self._tasks.start_soon(self._attend, task, job, verdict, begun)

    async def stay(self, task: Task) -> None:
        """Stay with an adopted run until nothing of it lives, and report that."""
        self._report(Ended(task.id, await self._services.runner.resume(task.id)))

    # ------------------------------------------------------------ inside

    def _job_of(self, task: Task) -> Job:
        if task is not self._next or self._job is None:
            return self._services.job_of(task)
        job, self._next, self._job = self._job, None, None
        # Who joined it may have wished since that it outlives the broker.
        return msgspec.structs.replace(job, log_header=header_of(task), outlives=_outlives(task))

    def _listeners(self, task: Task) -> tuple[Callable[[int], None], Callable[[], None]]:
        return (
            lambda pid: self._started(task.id, pid),
            lambda: self._on_dead(task.id),
        )

    def _started(self, task_id: int, pid: int) -> None:
        self._starting.discard(task_id)
        self._report(Started(task_id, pid))

    async def _attend(self, task: Task, job: Job, verdict: Verdict | None, begun: bool) -> None:
        """Stay with one run until nothing of it lives, and report that."""
        try:
            # A command starts only when its task is on disk: a broker that dies now
            # must never lead to a second run.
            if verdict is not None:
                await verdict.wait()
            if task.cancelled_by and not begun:  # before there was anything to kill
                outcome = Outcome(reason="killed")
            else:
                outcome = await self._services.runner.run(job, *self._listeners(task))
        except StoreFull:  # it is refused: the envelope that says so is on its way
            return
        except Exception as error:
            logger.exception("task %d could not be run", task.id)
            outcome = not_started(f"internal fault ({type(error).__name__})")
        finally:
            self._starting.discard(task.id)
            self._services.runner.dismiss(task.id)  # perhaps it was briefed and never ran
        self._report(Ended(task.id, outcome))


def _outlives(task: Task) -> bool:
    return task.request is not None and task.request.on_disconnect == "finish"
