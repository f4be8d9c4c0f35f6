"""``signalpost pty``: the command. What it needs is loaded when it runs."""

from __future__ import annotations

import os
import re
from pathlib import Path

import click

from . import exit_codes
from .options import data_dir_option

NOTICE = "[signalpost] {count} for {agent}: receive_message shows them."


def _patterns(_ctx: click.Context, _param: click.Parameter, value: tuple[str, ...]) -> object:
    for pattern in value:
        try:
            re.compile(pattern)
        except re.error as error:
            raise click.BadParameter(f"{pattern!r} is no regular expression: {error}") from error
    return value


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--agent", metavar="NAME", help="Whose mail. [SIGNALPOST_AGENT]")
@click.option("--notice", default=NOTICE, metavar="TEXT", help=f"What is typed. [{NOTICE}]")
@click.option(
    "--quiet",
    type=click.FloatRange(0.05, 60),
    default=0.8,
    metavar="SECONDS",
    help="The program must have shown nothing for so long. [0.8]",
)
@click.option(
    "--still",
    type=click.FloatRange(0, 600),
    default=3.0,
    metavar="SECONDS",
    help="You must have struck no key for so long. [3]",
)
@click.option(
    "--verify",
    type=click.FloatRange(0.1, 600),
    default=20.0,
    metavar="SECONDS",
    help="After so long without a look into the inbox it is typed again. [20]",
)
@click.option(
    "--attempts",
    type=click.IntRange(1, 10),
    default=3,
    metavar="N",
    help="Type a notice at most so often, each time later. [3]",
)
@click.option(
    "--patience",
    type=click.FloatRange(0.1, 86400),
    default=300.0,
    metavar="SECONDS",
    help="Give a notice up when there was no calm moment for so long. [300]",
)
@click.option(
    "--dialog",
    "dialogs",
    multiple=True,
    callback=_patterns,
    metavar="REGEX",
    help="What a question looks like that only you may answer; repeatable. [those of known clients]",
)
@data_dir_option
@click.argument("words", nargs=-1, required=True, metavar="COMMAND…", type=click.UNPROCESSED)
def pty(
    agent: str | None,
    notice: str,
    quiet: float,
    still: float,
    verify: float,
    attempts: int,
    patience: float,
    dialogs: tuple[str, ...],
    data_dir: Path,
    words: tuple[str, ...],
) -> int:
    """Run an agent's program in a terminal of its own and tell it when mail waits.

    For clients that nothing else can wake. Every byte passes as it is. When mail has come, one
    notice without any of its content is typed, and Return: only while the program is quiet, you
    are not typing, no line is half typed and no dialog is open. COMMAND gets SIGNALPOST_AGENT.
    The exit code is that of COMMAND.
    """
    from .pty_session import Wishes
    from .pty_start import start
    from .screen import DIALOGS
    from .transport import names
    from .typist import Manners

    name = agent or os.environ.get("SIGNALPOST_AGENT", "")
    if not name:
        raise click.UsageError("whose mail? Say --agent NAME, or set SIGNALPOST_AGENT.")
    if not re.fullmatch(r"[^\x00-\x1f\x7f]+", notice):
        raise click.BadParameter("the notice must be one line of text.", param_hint="--notice")
    manners = Manners(quiet=quiet, still=still, verify=verify, attempts=attempts, patience=patience)
    wishes = Wishes(
        agent=names.agent_name(name), notice=notice, manners=manners, dialogs=dialogs or DIALOGS
    )
    return start(words, wishes, data_dir) or exit_codes.OK
