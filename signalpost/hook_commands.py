"""The command ``hook`` as people see it: its help. A hook itself never loads this."""

from __future__ import annotations

from pathlib import Path

import click

from .hook_names import CLIENTS, GATES, MAX_WAIT, WORDS, Gate, Word, named
from .options import data_dir_option


class _Harmless(click.Command):
    """Its wrong words are no exit code 2, by which clients are told to stop what they do."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: object,
    ) -> click.Context:
        """Read the words."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.UsageError as error:
            raise click.ClickException(error.format_message()) from error


@click.command(cls=_Harmless)
@click.argument("event", type=click.Choice(WORDS), metavar="EVENT")
@click.option(
    "--client", type=click.Choice(CLIENTS), required=True, help="Whose hook it is; it decides."
)
@click.option("--agent", default="", metavar="NAME", help="The agent. [found by its client]")
@click.option(
    "--gate", type=click.Choice(GATES), default="tasks", help="At a stop: what holds. [tasks]"
)
@click.option(
    "--wait",
    type=click.FloatRange(0, MAX_WAIT),
    default=0.0,
    metavar="SECONDS",
    help="At a stop: wait so long for mail, and then hold. [0]",
)
@click.option(
    "--limit",
    type=click.FloatRange(0, MAX_WAIT),
    default=0.0,
    metavar="SECONDS",
    help="Give the broker so long to answer, and an agent to come. [0.1; 0.5 and 2 at a start]",
)
@click.option("--start", is_flag=True, help="At a session's start: start a broker if none runs.")
@data_dir_option
def hook(
    event: Word,
    client: str,
    agent: str,
    gate: Gate,
    wait: float,
    limit: float,
    start: bool,
    data_dir: Path,
) -> None:
    """Answer a hook of an MCP client: JSON on standard input, JSON on standard output.

    EVENT is session-start, prompt, tools, stop, notification or session-end. A client
    starts this; docs/hooks.md tells how. It says who the agent is and what waits for it,
    and keeps it from stopping while tasks are unread. Whatever goes wrong, it says
    nothing and exits with 0; `hook.log` in the state folder tells why.
    """
    import os

    from .hook import run
    from .hook_words import HookOrder

    run(
        HookOrder(
            word=event,
            client=client,
            agent=agent or named(os.environ),
            data_dir=str(data_dir),
            gate=gate,
            wait=wait,
            limit=limit,
            start=start,
        )
    )


COMMANDS = (hook,)
