"""A stored task taken up again by the next broker life. Pure."""

from __future__ import annotations

from ..transport import messages
from .job import Outcome, Running
from .moment import Moment
from .row import TaskRow
from .task import BROKER, Task


def revive(
    row: TaskRow, outcome: Outcome | None, output: str, now: Moment, living: Running | None = None
) -> Task:
    """Return the task of a row that was open when an earlier life ended.

    One that had started is settled by its exit record, or is lost, unless it
    outlived its broker: then it is ``living``, and runs. One that waited is
    open, without its request: that was never stored.
    """
    task = Task(
        id=row.id,
        request_id=row.request_id,
        queue_name=row.queue_name,
        command=row.command,
        working_directory=row.working_directory,
        owner=row.owner,
        principal=row.principal,
        session=bytes.fromhex(row.session),
        requester_pid=row.requester_pid,
        created=_then(row.created_at, now),
        output=output,
        parent=row.parent,
        agent_id=row.agent_id,
    )
    if outcome is None and living is None and row.state == "waiting":
        return task
    task.request = _asked(row)
    task.pid = row.child_pid
    task.started = _then(row.started_at or row.created_at, now)
    task.cancelled_by = row.cancelled_by
    if living is not None:
        task.state, task.adopted = "running", True
        task.pid = living.child or row.child_pid
        task.started = Moment(living.began, row.started_at or now.wall - (now.mono - living.began))
        return task
    task.ended = now
    if outcome is not None and outcome.reason == "killed":
        task.cancelled_by = row.cancelled_by or BROKER  # on its way out
    task.settle(outcome or Outcome(reason="broker_lost"))
    return task


def _asked(row: TaskRow) -> messages.RunTask:
    """Return as much of the request as is kept, so that nothing of the row is lost."""
    return messages.RunTask(
        command=row.command,
        working_directory=row.working_directory,
        queue_name=row.queue_name,
        timeout_seconds=row.timeout_seconds,
        notify=row.notify,
        on_disconnect=row.on_disconnect,
    )


def _then(wall: float, now: Moment) -> Moment:
    return Moment(now.mono - (now.wall - wall), wall)
