"""What ``signalpost-logs.json`` tells: the names of events, and a task's end as one. Pure."""

from __future__ import annotations

from typing import Literal

from .task import Task

Event = Literal[
    "task_queued",
    "task_started",
    "task_completed",
    "task_timeout",
    "task_cancelled",
    "task_error",
    "zombie_cleared",
    "message_sent",
    "message_delivered",
    "message_acked",
    "message_dead_lettered",
    "agent_registered",
    "agent_gone",
]


def finished_event(task: Task) -> tuple[Event, dict[str, object]]:
    """Return the event that tells of a task's end."""
    base: dict[str, object] = {"task_id": task.id, "queue_name": task.queue_name}
    outcome = task.outcome
    if task.state == "cancelled":
        return "task_cancelled", {**base, "by": task.cancelled_by, "reason": task.reason}
    if task.state == "lost":
        return "zombie_cleared", {**base, "reason": task.reason}
    if outcome is None or outcome.reason == "cannot_start":
        return "task_error", {**base, "error": task.reason}
    if task.state == "timeout":
        return "task_timeout", {**base, "timeout_seconds": task.timeout_seconds}
    return "task_completed", {
        **base,
        "command": task.command,
        "exit_code": outcome.exit_code,
        "signal": outcome.signal,
        "duration_seconds": round(outcome.ran_seconds, 3),
        "stdout_lines": outcome.stdout_lines,
        "stderr_lines": outcome.stderr_lines,
        "peak_rss_mb": outcome.peak_rss_mb,
        "cpu_seconds": outcome.cpu_seconds,
    }
