"""``signalpost setup``: the command. What it needs is loaded when it runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import click

from .options import data_dir_option

NAMES = (
    "claude-code",
    "claude-desktop",
    "codex",
    "gemini",
    "cursor",
    "vscode",
    "copilot",
    "cline",
    "windsurf",
    "amp",
    "opencode",
    "firebender",
)


@click.command()
@click.option(
    "--client",
    "clients",
    type=click.Choice(NAMES),
    multiple=True,
    help="Only this client; repeatable. [every one that is installed]",
)
@click.option("--agent", default="", metavar="NAME", help="A name for the agent of one client.")
@click.option("--dry-run", is_flag=True, help="Show what would change, write nothing.")
@click.option("--yes", "sure", is_flag=True, help="Do not ask.")
@click.option("--remove", "removing", is_flag=True, help="Take everything back.")
@click.option("--entry/--no-entry", default=True, help="The MCP server itself. [yes]")
@click.option(
    "--hooks/--no-hooks",
    default=None,
    help="Hooks and plugins. [where they were seen to work: Claude Code, Codex, Gemini CLI,"
    " Copilot CLI]",
)
@click.option(
    "--instructions/--no-instructions",
    default=True,
    help="A block in CLAUDE.md, AGENTS.md or GEMINI.md. [yes]",
)
@click.option("--project", is_flag=True, help="That block in this folder's file, not in yours.")
@click.option(
    "--gate",
    type=click.Choice(["all", "tasks", "off"]),
    default="tasks",
    help="What holds an agent that would stop; see docs/hooks.md. [tasks]",
)
@click.option(
    "--wait",
    type=click.FloatRange(0, 86400),
    default=0.0,
    metavar="SECONDS",
    help="Codex and Gemini CLI: when they stop, wait so long for mail. [0]",
)
@click.option(
    "--allow-all/--no-allow-all",
    default=None,
    help="Codex and Gemini CLI: let the model use every tool unasked; that is any command, as you,"
    " outside any sandbox. [as it is]",
)
@click.option(
    "--login-env/--no-login-env",
    default=None,
    help="Have bridges complete a bare environment by a login shell. [Claude Desktop and Cline]",
)
@click.option(
    "--command",
    default="",
    metavar="WORDS",
    help="How clients are to start signalpost. [the full path of this one]",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@data_dir_option
def setup(
    clients: tuple[str, ...],
    agent: str,
    dry_run: bool,
    sure: bool,
    removing: bool,
    entry: bool,
    hooks: bool | None,
    instructions: bool,
    project: bool,
    gate: Literal["all", "tasks", "off"],
    wait: float,
    allow_all: bool | None,
    login_env: bool | None,
    command: str,
    as_json: bool,
    data_dir: Path,
) -> int:
    """Write what the agents' clients need to use Signalpost into their own files.

    Finds the clients that are installed, shows the difference, asks, keeps a copy of each file and
    writes. Everything else in a file stays as it is, byte for byte. Run again, it brings up to date
    what it wrote; --remove puts the old files back.
    """
    from .bare_environment import worth_passing
    from .client_hooks import HookWishes
    from .client_kind import Wishes
    from .setup import Scope
    from .setup_run import SetupRun, this_place
    from .this_program import this_program
    from .transport import endpoint, names

    if agent and len(clients) != 1:
        raise click.UsageError("a name is for the agent of one client: say which with --client.")
    program, name = this_program(command), names.own_agent_name(agent) if agent else ""
    where = str(data_dir) if data_dir != endpoint.default_data_dir() else ""
    wishes = Wishes(
        program=program,
        agent=name,
        data_dir=where,
        allow=allow_all,
        variables=worth_passing(os.environ),
        login_env=login_env,
        hooks=HookWishes(program=program, agent=name, data_dir=where, gate=gate, wait=wait),
    )
    scope = Scope(
        entry=entry,
        hooks=hooks,
        instructions=instructions,
        project=Path.cwd() if project else None,
    )
    run = SetupRun(this_place(), wishes, scope, data_dir, as_json=as_json)
    act = run.remove if removing else run.add
    return act(clients, dry=dry_run, sure=sure)
