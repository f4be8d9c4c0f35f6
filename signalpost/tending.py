"""``signalpost cancel``, ``clear`` and ``stop``: what a person does to tasks and the broker."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import anyio
import click

from . import exit_codes
from .listing import standing
from .notice import say
from .person import act
from .transport import endpoint
from .transport.client import Client
from .transport.errors import SignalpostError
from .transport.lifeline import Lifeline
from .transport.messages import TaskReport
from .transport.safe_text import one_line

_COMMAND = 60


def cancel(data_dir: Path, task_ids: Sequence[int]) -> int:
    """Cancel tasks and print how each ended; return the exit code."""
    codes: list[int] = []

    async def one(client: Client, task_id: int) -> None:
        try:
            report = await client.cancel_task(task_id)
        except SignalpostError as error:
            say(f"{error.code}: {error}")
            codes.append(exit_codes.of_error(error))
        else:
            click.echo(standing(report))
            codes.append(exit_codes.OK if report.state == "cancelled" else exit_codes.WRONG)

    async def all_of(client: Client, these: Sequence[int]) -> None:
        async with anyio.create_task_group() as group:
            for task_id in these:
                group.start_soon(one, client, task_id)

    async def every(client: Client) -> None:
        # Those that wait go first, or one would start as soon as the one before it is dead.
        waiting = {task.task_id for queue in await client.queues() for task in queue.waiting}
        await all_of(client, [task_id for task_id in task_ids if task_id in waiting])
        await all_of(client, [task_id for task_id in task_ids if task_id not in waiting])

    act(data_dir, every)
    return max(codes)


def clear(data_dir: Path, *, logs: bool, queue_name: str | None) -> int:
    """Delete the logs of finished tasks, or cancel what waits in a queue; return the exit code."""
    if logs:
        count = act(data_dir, lambda client: client.clear_task_logs(everyone=True))
        click.echo(f"deleted {count} logs of finished tasks")
    if queue_name is not None:
        count = act(data_dir, lambda client: client.clear_queue(queue_name))
        click.echo(f"cancelled {count} waiting tasks of queue {queue_name}")
    return exit_codes.OK


def stop(data_dir: Path, how: Literal["ask", "wait", "force"]) -> int:
    """Stop the broker and return when it is gone; return the exit code.

    With open tasks ``ask`` asks a person at a terminal; anyone else is refused.
    """
    if endpoint.find(data_dir) is None:
        click.echo(f"no broker runs in {data_dir}")
        return exit_codes.OK
    tasks = [] if how == "force" else act(data_dir, _open_tasks)
    for task in tasks:
        say(f"task {task.task_id} is {task.state}: {one_line(task.command, _COMMAND)}")
    if tasks and how == "wait":
        say("waiting until they have ended")
    if tasks and how == "ask":
        if not _confirmed():
            return exit_codes.WRONG
        how = "force"
    act(data_dir, lambda client: _stop(client, how))
    click.echo("the broker has stopped")
    return exit_codes.OK


async def _stop(client: Client, how: Literal["ask", "wait", "force"]) -> None:
    """Ask the broker to stop and wait until its process is gone."""
    await client.ping()
    gone = anyio.Event()
    lifeline = Lifeline(client.published.pid if client.published else 0, gone.set)
    await client.stop(how)
    if lifeline.watching:
        await gone.wait()


async def _open_tasks(client: Client) -> list[TaskReport]:
    queues = await client.queues()
    return [task for queue in queues for task in (*queue.running, *queue.waiting)]


def _confirmed() -> bool:
    """Ask the person, if there is one; else say what to do."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        say("not stopped. Wait for them with --wait, or kill them with --force.")
        return False
    return click.confirm("Kill them and stop the broker?", err=True)
