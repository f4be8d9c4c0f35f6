"""``signalpost list`` and ``status``: tasks as people and programs read them."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click

from . import exit_codes, stray, table
from .mcp_bridge.progress_text import duration
from .mcp_bridge.render import task_fields
from .notice import say
from .person import PERSON, act
from .transport.client import Client
from .transport.messages import OPEN_STATES, QueueState, TaskReport
from .transport.result_text import first_line
from .transport.safe_text import one_line

HEADINGS = ("ID", "STATE", "QUEUE", "TIME", "EXIT", "OWNER", "COMMAND")
_COLOURS = {"running": "cyan", "waiting": "yellow", "success": "green", "cancelled": "dim"}


@dataclass(frozen=True, slots=True)
class Listing:
    """What one look at the broker saw."""

    broker_pid: int | None = None
    queues: Sequence[QueueState] = ()
    tasks: Sequence[TaskReport] = field(default=())
    """Running and waiting queue by queue, then the finished, newest first."""
    unread: int = 0
    """Messages that wait for the person."""


def show_list(data_dir: Path, limit: int, as_json: bool) -> int:
    """Print every open task and the ``limit`` newest; return the exit code.

    Only a broker knows what became of tasks that were open when one was killed,
    so one is started for what is stored, if none runs.
    """
    listing = look(data_dir, limit)
    if as_json:
        click.echo(json.dumps(as_value(listing)))
    elif listing.broker_pid is None:
        click.echo(f"no broker runs in {data_dir}, and none has kept a task there")
    elif not listing.tasks:
        click.echo("no tasks yet")
    else:
        now = time.time()
        table.show(HEADINGS, [row(task, now) for task in listing.tasks], _colour)
    if listing.unread and not as_json:
        say(f"unread mail for you: {listing.unread}. Read it: signalpost receive")
    return exit_codes.OK


def show_status(data_dir: Path, task_id: int, as_json: bool) -> int:
    """Print the result line of one task; return the exit code."""
    report = act(data_dir, lambda client: client.task_status(task_id), start=_is_stored(data_dir))
    click.echo(json.dumps(task_fields(report)) if as_json else standing(report))
    return exit_codes.OK


def look(data_dir: Path, limit: int) -> Listing:
    """Ask the broker; without one, and without a store, the listing is empty."""
    stored = _is_stored(data_dir)
    if not stored and stray.find(data_dir) is None:
        return Listing()

    async def ask(client: Client) -> Listing:
        queues = await client.queues()
        tasks = ordered(queues, await client.tasks(limit))
        mine = await client.inboxes(PERSON)
        pid = client.published.pid if client.published else None
        return Listing(pid, queues, tasks, sum(inbox.depth for inbox in mine))

    return act(data_dir, ask, start=stored)


def _is_stored(data_dir: Path) -> bool:
    return (data_dir / "queue.db").exists()


def ordered(queues: Sequence[QueueState], tasks: Sequence[TaskReport]) -> list[TaskReport]:
    """Return running and waiting tasks queue by queue, then the finished, newest first."""
    in_turn = [task for queue in queues for task in (*queue.running, *queue.waiting)]
    seen = {task.task_id for task in in_turn}
    rest = [task for task in tasks if task.task_id not in seen]
    return in_turn + [task for task in rest if task.state not in OPEN_STATES]


def row(task: TaskReport, now: float) -> tuple[str, ...]:
    """Return the cells of one task, harmless and of one line each.

    :param now: Unix seconds
    """
    return (
        str(task.task_id),
        task.state,
        one_line(task.queue_name, 24),
        _time(task, now),
        _exit(task),
        one_line(task.owner, 24) or "-",
        one_line(task.command, 200),
    )


def as_value(listing: Listing) -> dict[str, object]:
    """Return a listing as JSON shows it."""
    queues = [
        {
            "queue_name": queue.queue_name,
            "width": queue.width,
            "running": [task.task_id for task in queue.running],
            "waiting": [task.task_id for task in queue.waiting],
        }
        for queue in listing.queues
    ]
    tasks = [task_fields(task) for task in listing.tasks]
    return {
        "broker_pid": listing.broker_pid,
        "queues": queues,
        "tasks": tasks,
        "unread": listing.unread,
    }


def standing(report: TaskReport) -> str:
    """Return the result line; of an open task without the words that are meant for models."""
    line = first_line(report)
    return line.partition(" — still going;")[0] if report.state in OPEN_STATES else line


def _colour(cells: Sequence[str]) -> str:
    return _COLOURS.get(cells[1], "red")


def _time(task: TaskReport, now: float) -> str:
    """Return how long it has waited, has run so far, or ran."""
    if task.state == "waiting":
        return duration(now - task.created_at)
    if task.state == "running":
        return duration(now - (task.started_at or now))
    return f"{task.ran_seconds:.1f}s" if task.ran_seconds < 60 else duration(task.ran_seconds)


def _exit(task: TaskReport) -> str:
    if task.signal is not None:
        return f"sig {task.signal}"
    return "-" if task.exit_code is None else str(task.exit_code)
