"""The command line: its commands by name, and a command to run when the word is none of them."""

from __future__ import annotations

import os
import shutil
import sys

import click

from . import (
    bell_commands,
    broker_commands,
    exit_codes,
    hook_commands,
    mail_commands,
    pty_commands,
    setup_commands,
    task_commands,
)
from .transport import names
from .words import starts_command

_EPILOG = """\
`signalpost COMMAND…` is `signalpost run COMMAND…` when its first word is a program on PATH,
or holds a slash or a space.
"""


class FrontDoor(click.Group):
    """Our own command names win; what else can be run is run."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: object,
    ) -> click.Context:
        """Read the words; ``--help`` and ``--version`` answer here already."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except BrokenPipeError as error:
            give_output_up()
            raise click.exceptions.Exit(exit_codes.BROKEN_PIPE) from error

    def invoke(self, ctx: click.Context) -> object:
        """Return what the command returns; a reader that goes away is an exit code."""
        try:
            code: object = super().invoke(ctx)
            if sys.stdout is not None:
                sys.stdout.flush()  # here, where it can still be told
        except BrokenPipeError:
            give_output_up()
            return exit_codes.BROKEN_PIPE
        return code

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return name, command and arguments.

        :raises click.UsageError: the first word is neither ours nor a program
        """
        word = args[0]
        if word in self.commands:
            return word, self.commands[word], args[1:]
        if starts_command(word, shutil.which):
            return "run", self.commands["run"], ["--", *args]
        near = names.nearest(word, self.commands)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise click.UsageError(f"{word!r} is no command and no program on PATH.{hint}", ctx)


def give_output_up() -> None:
    """Write no more: Python would flush the rest once more at its end, and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _show_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from .transport.version import software

        click.echo(f"signalpost {software()}")
        ctx.exit()


@click.group(
    cls=FrontDoor,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
@click.option("--data-dir", metavar="DIR", help="State folder; every command takes it too.")
@click.pass_context
def signalpost(ctx: click.Context, data_dir: str | None) -> None:
    """Agents and people share one machine: they take turns and send each other messages.

    One broker per state folder keeps the queues of tasks and the inboxes. It is started when it is
    needed, and ends when nobody has needed it for a while.
    """
    ctx.obj = data_dir
    ctx.color = False if os.environ.get("NO_COLOR") else None


for _command in (
    *task_commands.COMMANDS,
    *mail_commands.COMMANDS,
    *bell_commands.COMMANDS,
    *hook_commands.COMMANDS,
    *broker_commands.COMMANDS,
    pty_commands.pty,
    setup_commands.setup,
):
    signalpost.add_command(_command)
