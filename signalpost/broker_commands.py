"""The commands about the broker and the agents' door. What they need is loaded when they run."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from .options import as_words, broker_options, data_dir_option


@click.command()
@broker_options
@click.option("--auto", is_flag=True, hidden=True, help="Started on demand: end when idle.")
@data_dir_option
def broker(auto: bool, settings: dict[str, object], data_dir: Path) -> int:
    """Serve the state folder in the foreground until stopped.

    Seldom needed: what needs a broker starts one. Options override config.toml in
    the state folder for the life of this broker. SIGTERM stops it and kills what runs.
    """
    from .actors.serve import main

    return main(data_dir=data_dir, options=settings, auto=auto)


@click.command()
@click.argument("agent", default="")
@click.option(
    "--tail-lines",
    type=click.IntRange(0, 200),
    default=50,
    metavar="N",
    help="Lines of output shown with what failed. [50]",
)
@click.option(
    "--wait-budget",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Answer a call after so long, finished or not; 0: wait on. [what the client bears]",
)
@click.option(
    "--on-disconnect",
    type=click.Choice(["kill", "finish"]),
    default="kill",
    help="What becomes of this agent's tasks when it goes. [kill]",
)
@click.option(
    "--wake",
    type=click.Choice(["channel", "codex-queue"]),
    help="Tell the idle model of mail by a channel of Claude Code, or by Codex's queue. [by neither]",
)
@click.option(
    "--login-env", is_flag=True, help="Complete the commands' environment by your login shell's."
)
@broker_options
@data_dir_option
def mcp(
    agent: str,
    tail_lines: int,
    wait_budget: float | None,
    on_disconnect: Literal["kill", "finish"],
    wake: Literal["channel", "codex-queue"] | None,
    login_env: bool,
    settings: dict[str, object],
    data_dir: Path,
) -> None:
    """Serve one agent over MCP on standard input and output.

    An MCP client starts this. AGENT is the agent's name; without it SIGNALPOST_AGENT
    counts, else the agent is unnamed. The last group of options goes to the broker,
    if this has to start one.
    """
    from .mcp_bridge.options import BridgeOptions
    from .mcp_bridge.start import main

    main(
        BridgeOptions(
            data_dir=data_dir,
            agent=agent,
            tail_lines=tail_lines,
            wait_budget=wait_budget,
            on_disconnect=on_disconnect,
            broker_options=as_words(settings),
            no_tasks="no_tasks" in settings,
            login_env=login_env,
            wake=wake or "",
        )
    )


@click.command()
@click.option("--wait", "how", flag_value="wait", help="Take nothing new, let open tasks end.")
@click.option("--force", "how", flag_value="force", help="Kill what runs, drop what waits.")
@data_dir_option
def stop(how: Literal["wait", "force"] | None, data_dir: Path) -> int:
    """Stop the broker and return when it is gone.

    While tasks are open it asks at a terminal, and refuses anywhere else, naming them.
    """
    from .tending import stop as stop_broker

    return stop_broker(data_dir, how or "ask")


@click.command()
@click.option(
    "--wake",
    metavar="AGENT",
    help="Send this agent a probe and say what was reached, and how fast.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@data_dir_option
def doctor(wake: str | None, as_json: bool, data_dir: Path) -> int:
    """Look for what is wrong: versions, folders, limits, the broker, the agents' clients.

    Changes nothing. Exits with 1 when something is wrong, or when the agent was not reached.
    """
    from . import doctor as examiner

    if wake is not None:
        return examiner.wake(data_dir, wake, as_json=as_json)
    return examiner.examine(data_dir, as_json=as_json)


@click.command()
def demo() -> int | None:
    """Show queues and mail at work, in a folder of its own that is gone afterwards."""
    from .demo import main

    return main()


COMMANDS = (broker, mcp, stop, doctor, demo)
