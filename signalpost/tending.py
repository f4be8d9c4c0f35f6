"""``signalpost cancel``, ``clear`` and ``stop``: what a person does to tasks and the broker."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import anyio
import click

from . import exit_codes, stray
from .actors.holder import Holder
from .listing import standing
from .notice import say
from .person import act
from .transport import endpoint, names
from .transport.caller import ENV_TASK
from .transport.client import Client
from .transport.endpoint import Published
from .transport.errors import BadRequest, BrokerUnavailable, DeadlineExceeded, SignalpostError
from .transport.lifeline import Lifeline
from .transport.messages import TaskReport
from .transport.safe_text import one_line

_COMMAND = 60
_GONE_SECONDS = 20.0
"""From the last end of a task to the end of the broker: its store may have much to write."""


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
    """Delete the logs of finished tasks, or cancel what waits in a queue; return the exit code.

    :raises BadRequest: there cannot be a queue of that name
    """
    queue_name = None if queue_name is None else names.queue_name(queue_name)
    if logs:
        count = act(data_dir, lambda client: client.clear_task_logs(everyone=True))
        click.echo(f"deleted {count} logs of finished tasks")
    if queue_name is not None:
        _clear_queue(data_dir, queue_name)
    return exit_codes.OK


def _clear_queue(data_dir: Path, name: str) -> None:
    async def ask(client: Client) -> tuple[int, list[str]]:
        known = [queue.queue_name for queue in await client.queues()]
        return await client.clear_queue(name), known

    count, known = act(data_dir, ask)
    click.echo(f"cancelled {count} waiting tasks of queue {name}")
    if not count and name not in known:
        near = names.nearest(name, known)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        say(f"no queue {name} is in use, so nothing waits in it.{hint}")


def stop(data_dir: Path, how: Literal["ask", "wait", "force"]) -> int:
    """Stop the broker and return when it is gone; return the exit code.

    With open tasks ``ask`` asks a person at a terminal; anyone else is refused.

    :raises BadRequest: asked from inside a task to wait for it
    :raises BrokerUnavailable: one lives but cannot be reached, and ``how`` is not ``force``
    """
    if how == "force":
        return _stop_by_force(data_dir)
    found = stray.find(data_dir)
    if found is None:
        return _nobody(data_dir)
    if how == "wait":
        _refuse_inside(found)
    try:
        return _stop_in_order(data_dir, how)
    except BrokerUnavailable:
        if stray.find(data_dir) is not None:
            raise
    return _stopped()  # it was leaving anyway


def _stop_in_order(data_dir: Path, how: Literal["ask", "wait"]) -> int:
    tasks = act(data_dir, _open_tasks)
    for task in tasks:
        say(f"task {task.task_id} is {task.state}: {one_line(task.command, _COMMAND)}")
    if tasks and how == "wait":
        say("waiting until they have ended")
    if tasks and how == "ask":
        return _stop_by_force(data_dir) if _confirmed() else exit_codes.WRONG
    act(data_dir, lambda client: _stop(client, how))
    return _stopped()


def _refuse_inside(broker: Published) -> None:
    """Refuse to wait for the end of the task in which we are."""
    task, _, epoch = os.environ.get(ENV_TASK, "").partition(":")
    if task and epoch == broker.epoch:
        raise BadRequest(
            f"this runs inside task {task} and would wait for its own end. Run"
            " `signalpost stop --wait` outside of it, or end all tasks with --force."
        )


def _stop_by_force(data_dir: Path) -> int:
    """Have the broker kill everything and leave; end it by its pid if asking does not help."""
    lost = stray.call(data_dir)
    if lost is None:
        found = endpoint.find(data_dir)
        if found is None:
            return _nobody(data_dir)
        try:
            act(data_dir, lambda client: _stop(client, "force"))
            return _stopped()
        except (BrokerUnavailable, DeadlineExceeded) as error:
            if endpoint.find(data_dir) is not None:
                say(f"asked in vain: {error}")
            lost = Holder(found.pid, found.start_time)
    if stray.end(lost) and endpoint.find(data_dir) is None:
        return _stopped()
    raise BrokerUnavailable(
        f"the broker (pid {lost.pid}) could not be ended from here. It may live in another"
        " container: stop it there."
    )


def _nobody(data_dir: Path) -> int:
    click.echo(f"no broker runs in {data_dir}")
    return exit_codes.OK


def _stopped() -> int:
    click.echo("the broker has stopped")
    return exit_codes.OK


async def _stop(client: Client, how: Literal["ask", "wait", "force"]) -> None:
    """Ask the broker to stop and wait until its process is gone."""
    await client.ping()
    gone = anyio.Event()
    lifeline = Lifeline(client.published.pid if client.published else 0, gone.set)
    await client.stop(how)
    if not lifeline.watching:
        return
    with anyio.move_on_after(_GONE_SECONDS):
        await gone.wait()
        return
    raise DeadlineExceeded("the broker does not end. Run: signalpost stop --force")


async def _open_tasks(client: Client) -> list[TaskReport]:
    queues = await client.queues()
    return [task for queue in queues for task in (*queue.running, *queue.waiting)]


def _confirmed() -> bool:
    """Ask the person, if there is one; else say what to do."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        say("not stopped. Wait for them with --wait, or kill them with --force.")
        return False
    return click.confirm("Kill them and stop the broker?", err=True)
