"""A task as a stored row, and a stored row as callers see it. Pure."""

from __future__ import annotations

from ..transport import messages
from .row import TaskRow
from .task import Task, clip


def row_of(task: Task) -> TaskRow:
    """Return what is kept of a task. Environment and output never are."""
    outcome = task.outcome
    request = task.request
    return TaskRow(
        id=task.id,
        request_id=task.request_id,
        queue_name=task.queue_name,
        state=task.state,
        command=task.command,
        working_directory=task.working_directory,
        owner=task.owner,
        principal=task.principal,
        session=task.session.hex()[:8],
        requester_pid=task.requester_pid,
        parent=task.parent,
        created_at=task.created.wall,
        started_at=task.started.wall if task.started else None,
        ended_at=task.ended.wall if task.ended else None,
        ran_seconds=outcome.ran_seconds if outcome else 0.0,
        exit_code=outcome.exit_code if outcome else None,
        signal=outcome.signal if outcome else None,
        reason=task.reason,
        cancelled_by=task.cancelled_by,
        timeout_seconds=task.timeout_seconds,
        pid=task.requester_pid,
        child_pid=task.pid,
        notify=request.notify if request else False,
        on_disconnect=request.on_disconnect if request else "kill",
        killed_leftovers=outcome.leftovers if outcome else [],
        peak_rss_mb=outcome.peak_rss_mb if outcome else None,
        cpu_seconds=outcome.cpu_seconds if outcome else None,
        delivered=task.delivered,
        agent_id=task.agent_id,
    )


def report_of(row: TaskRow, output: str, tail: bytes = b"") -> messages.TaskReport:
    """Return a stored task as callers see it."""
    began = row.started_at or row.ended_at or row.created_at
    return messages.TaskReport(
        task_id=row.id,
        state=row.state,
        queue_name=row.queue_name,
        command=clip(row.command),
        working_directory=row.working_directory,
        owner=row.owner,
        output=output,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        waited_seconds=max(0.0, began - row.created_at),
        ran_seconds=row.ran_seconds,
        exit_code=row.exit_code,
        signal=row.signal,
        reason=row.reason,
        cancelled_by=row.cancelled_by,
        timeout_seconds=row.timeout_seconds,
        tail=tail,
        killed_leftovers=row.killed_leftovers,
        peak_rss_mb=row.peak_rss_mb,
        cpu_seconds=row.cpu_seconds,
        pid=row.child_pid,
        parent=row.parent,
        notify=row.notify,
    )
