"""The commands about tasks. What they need is loaded when they run."""

from __future__ import annotations

import os
from pathlib import Path

import click

from . import exit_codes
from .options import data_dir_option
from .transport.errors import BadRequest
from .words import shell_command, variable

_TASK = click.IntRange(1, 2**63 - 1)
"""No store has greater numbers, nor has the wire."""
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
_CODES = "\b\nExit codes:\n" + "\n".join(f"  {c:<12} {text}" for c, text in exit_codes.TABLE)


@click.command(epilog=_CODES, context_settings={"allow_interspersed_args": False})
@click.option("-q", "--queue", "queue_name", default="global", metavar="QUEUE", help="[global]")
@click.option(
    "-t",
    "--timeout",
    "timeout_seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=1200,
    metavar="SECONDS",
    help="Kill it after so long; waiting does not count. [1200, or --lock-timeout if less]",
)
@click.option("-C", "--directory", metavar="DIR", help="Run it there. [the current folder]")
@click.option("-e", "--env", "variables", multiple=True, metavar="K=V", help="Set a variable too.")
@data_dir_option
@click.argument("words", nargs=-1, metavar="[--] COMMAND…")
def run(
    queue_name: str,
    timeout_seconds: float,
    directory: str | None,
    variables: tuple[str, ...],
    data_dir: Path,
    words: tuple[str, ...],
) -> int:
    """Run COMMAND when its turn comes, like the bare command.

    One word is a shell command as it stands: signalpost run "make && make test".
    Of several each stays one word: signalpost run make "a file".

    Its output comes live and byte by byte on both streams, its input is empty, it
    has this environment, folder and umask. Ctrl-C kills all of it and waits until
    it is dead; once more leaves at once, while it is still being killed.
    """
    from .order import Order
    from .run import run as run_order

    order = Order(
        command=shell_command(words),
        folder=_folder(directory),
        queue_name=queue_name,
        timeout_seconds=timeout_seconds,
        env_vars=dict(map(variable, variables)),
    )
    return run_order(order, data_dir)


@click.command("list")
@click.option(
    "-n",
    "limit",
    type=click.IntRange(0, 1000),
    metavar="N",
    default=20,
    help="So many of the newest tasks. [20]",
)
@_AS_JSON
@data_dir_option
def list_tasks(limit: int, as_json: bool, data_dir: Path) -> int:
    """List what runs and what waits, queue by queue, then the newest that have ended.

    Starts a broker if none runs and tasks are kept.
    """
    from .listing import show_list

    return show_list(data_dir, limit, as_json=as_json)


@click.command()
@click.argument("task", type=_TASK)
@_AS_JSON
@data_dir_option
def status(task: int, as_json: bool, data_dir: Path) -> int:
    """Tell how TASK stands or how it ended. Does not wait.

    Starts a broker if none runs and tasks are kept.
    """
    from .listing import show_status

    return show_status(data_dir, task, as_json=as_json)


@click.command()
@click.argument("task", type=_TASK)
@click.option("-f", "--follow", is_flag=True, help="Go on until the task has ended.")
@data_dir_option
def output(task: int, follow: bool, data_dir: Path) -> int:
    """Print what TASK has printed: both streams, in the order they came."""
    from .task_output import show_output

    return show_output(data_dir, task, follow=follow)


@click.command()
@click.option(
    "-n",
    "count",
    type=click.IntRange(0, 2**31),
    metavar="N",
    default=20,
    help="So many events. [20]",
)
@click.option("-f", "--follow", is_flag=True, help="Go on with every new event.")
@_AS_JSON
@data_dir_option
def logs(count: int, follow: bool, as_json: bool, data_dir: Path) -> None:
    """Print the newest events: of tasks, messages and agents. Needs no broker."""
    from .logs import show_logs

    show_logs(data_dir, count, follow=follow, as_json=as_json)


@click.command()
@click.argument("tasks", type=_TASK, nargs=-1, required=True, metavar="TASK…")
@data_dir_option
def cancel(tasks: tuple[int, ...], data_dir: Path) -> int:
    """Cancel tasks, anybody's; returns when every process of theirs is dead."""
    from .tending import cancel as cancel_tasks

    return cancel_tasks(data_dir, tasks)


@click.command()
@click.option("--logs", is_flag=True, help="Delete the output of every task that has ended.")
@click.option("--queue", "queue_name", metavar="NAME", help="Cancel every task waiting in NAME.")
@data_dir_option
def clear(logs: bool, queue_name: str | None, data_dir: Path) -> int:
    """Delete the output of tasks, or empty a queue. Says which: there is no default."""
    from .tending import clear as clear_things

    if not logs and queue_name is None:
        raise click.UsageError("say what to clear: --logs, or --queue NAME")
    return clear_things(data_dir, logs=logs, queue_name=queue_name)


def _folder(directory: str | None) -> str:
    """Return the absolute folder to run in, symlinks kept as the person sees them."""
    try:
        return os.path.abspath(directory or os.getcwd())
    except FileNotFoundError as error:
        raise BadRequest("the current folder no longer exists. Change to another one.") from error


COMMANDS = (run, list_tasks, status, output, logs, cancel, clear)
