"""The commands about doorbells. What they need is loaded when they run."""

from __future__ import annotations

import math
from pathlib import Path

import click

from .options import Seconds, data_dir_option

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
_CODES = """\
\b
Exit codes:
  0  mail came, or a task has ended
  3  nothing came in time, or nobody is left who would hear of it
With --rewake:
  2  mail came, or a task has ended: the line is on standard error
  0  anything else, without a word
"""


@click.command(epilog=_CODES)
@click.option("--agent", metavar="NAME", default="", help="Whose mail. [who has started this]")
@click.option("--thread", metavar="ID", default="", help="Whose, by the client's conversation.")
@click.option(
    "--task", "tasks", type=click.IntRange(1), metavar="TASK", multiple=True,
    help="Also until TASK has ended; repeatable.",
)  # fmt: skip
@click.option(
    "--timeout", type=Seconds(min=0), metavar="SECONDS", help="Wait at most so long. [no limit]"
)
@_AS_JSON
@click.option("-q", "--quiet", is_flag=True, help="Print nothing: the exit code says it.")
@click.option("--rewake", is_flag=True, help="Exit as an asyncRewake hook of Claude Code does.")
@data_dir_option
def wait(
    agent: str,
    thread: str,
    tasks: tuple[int, ...],
    timeout: float | None,
    as_json: bool,
    quiet: bool,
    rewake: bool,
    data_dir: Path,
) -> int:
    """Wait until mail comes of which an agent was not told, or a task has ended.

    Prints one line of facts and takes nothing. It is a ring of the agent's doorbell: nobody else
    tells the agent of the same mail. Ends with the process that has started it. An agent that has not
    come yet is waited for.
    """
    from . import waiting

    limit = None if timeout is None or math.isinf(timeout) else timeout
    wanted = waiting.Wanted(agent, thread, tasks, limit, as_json, quiet)
    return waiting.rewake(data_dir, wanted) if rewake else waiting.wait(data_dir, wanted)


@click.command()
@click.argument("agent", default="")
@click.option("--on/--off", "on", default=None, help="Let it be rung, or not.")
@click.option(
    "--every", type=Seconds(min=0), metavar="SECONDS", help="Least time between two rings. [5]"
)
@_AS_JSON
@data_dir_option
def doorbell(
    agent: str, on: bool | None, every: float | None, as_json: bool, data_dir: Path
) -> int:
    """Show how AGENT is told of its mail, and its newest rings; or set that.

    AGENT is the one whose client has started this, else you. While a doorbell is off nobody is told
    of mail; it waits in the inbox as ever.
    """
    from .doorbell import doorbell as show_doorbell

    return show_doorbell(data_dir, agent, on, every, as_json=as_json)


COMMANDS = (wait, doorbell)
