"""What a broker tells becomes fields for programs. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ..transport.messages import QueueState, TaskReport
from ..transport.safe_text import one_line

_COMMAND = 200

Json = dict[str, object]


def task_fields(report: TaskReport) -> Json:
    """Return a report's fields as JSON values, without the tail: that is in the text."""
    fields = _json(msgspec.structs.replace(report, tail=b""))
    return {name: value for name, value in fields.items() if name not in ("type", "tail")}


def queue_fields(queues: Sequence[QueueState]) -> Json:
    """Return the queues as JSON values: who runs, who waits in order."""
    return {"queues": [_queue(queue) for queue in queues]}


def _queue(queue: QueueState) -> Json:
    return {
        "queue_name": queue.queue_name,
        "width": queue.width,
        "running": [_entry(task, task.ran_seconds) for task in queue.running],
        "waiting": [_entry(task, task.waited_seconds) for task in queue.waiting],
    }


def _entry(task: TaskReport, elapsed: float) -> Json:
    return {
        "task_id": task.task_id,
        "command": one_line(task.command, _COMMAND),
        "owner": one_line(task.owner, 80),
        "elapsed": round(elapsed, 1),
    }


def _json(report: TaskReport) -> Json:
    """Return the fields with texts that JSON can carry: no lone surrogates."""
    fields: Json = msgspec.to_builtins(report)
    return {
        name: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
        for name, value in fields.items()
    }
