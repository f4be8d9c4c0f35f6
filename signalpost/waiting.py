"""``signalpost wait``: until mail comes that an agent was not told of, or a task has ended.

    await_bell ── rung ──────────┐
    task_status ── it has ended ─┼──> one line of facts, and the exit code
    --timeout, nobody left ──────┘

One open request for the bell and one for each task; nothing polls.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import anyio
import click
import msgspec

from . import exit_codes, vigil
from .hook_text import news_text
from .mcp_bridge.mail_fields import Json
from .notice import say
from .parent_watch import nobody_left
from .person import act
from .transport.bell import AWAITS_AGENTS, Doorstep
from .transport.client import Client
from .transport.errors import SignalpostError, UnknownAgent
from .transport.messages import TaskReport
from .transport.result_text import result_text
from .transport.safe_text import one_line

_NAME = 64
_COMING_SECONDS = 60.0
"""An agent that has not come by then has no bridge in this session."""
CONVERSATION = "CLAUDE_CODE_SESSION_ID"
"""Where Claude Code tells its hooks which conversation they belong to."""
_ENTRYPOINT, _PRINTS = "CLAUDE_CODE_ENTRYPOINT", "sdk-cli"
"""How it tells them that it runs as ``claude -p``, which nothing wakes and which waits for its hooks."""
REWAKE = 2
"""What Claude Code's asyncRewake hooks exit with to wake the model, the reason on stderr."""

News = Doorstep | TaskReport


@dataclass(frozen=True, slots=True)
class Wanted:
    """For what to wait, and how to tell it."""

    agent: str = ""
    thread: str = ""
    tasks: tuple[int, ...] = ()
    timeout: float | None = None
    as_json: bool = False
    quiet: bool = False
    expects: bool = False
    """Wait for an agent that has not come yet, too."""


Find = Callable[[Client, Wanted], Awaitable[News | None]]


def wait(data_dir: Path, wanted: Wanted) -> int:
    """Wait, print what has come in one line, and return the exit code.

    0: mail, or a task has ended; 3: nothing came in time, or nobody is left who would hear of it.
    """
    news = _news(data_dir, wanted, first_news if wanted.quiet else _told_first)
    if news is None:
        return exit_codes.NOTHING
    if not wanted.quiet:
        click.echo(json.dumps(as_value(news)) if wanted.as_json else as_line(news))
    return exit_codes.OK


def rewake(data_dir: Path, wanted: Wanted) -> int:
    """Wait as a hook of Claude Code does: 2 and the line on stderr wakes the model, 0 lets it be.

    The agent is found by the conversation too, and waited for: its bridge starts beside this.
    Nothing that fails here is the model's business.
    """
    if os.environ.get(_ENTRYPOINT) == _PRINTS or not vigil.begin(data_dir, os.getppid()):
        return exit_codes.OK
    thread = wanted.thread or os.environ.get(CONVERSATION, "")
    try:
        news = _news(data_dir, replace(wanted, thread=thread, expects=True), first_news)
    except SignalpostError:
        return exit_codes.OK
    if news is None:
        return exit_codes.OK
    # It stands where the model expects its user: so it says who speaks, and what takes the mail.
    said = news_text(news) if isinstance(news, Doorstep) else f"Signalpost: {as_line(news)}"
    sys.stderr.write(f"{said}\n")
    return REWAKE


def as_line(news: News) -> str:
    """Return what has come as facts: nothing in it asks for anything."""
    if isinstance(news, TaskReport):
        first = result_text(news, tail_lines=0).splitlines()[0]
        return f"task {news.task_id} has ended: {first}"
    one = news.unread == 1
    tasks = f" ({_count(news.unread_tasks, 'task')})" if news.unread_tasks else ""
    head = f"{news.unread} unread message{'' if one else 's'} for {one_line(news.agent, _NAME)}"
    named = [f"{count} from {one_line(name, _NAME)}" for name, count in news.senders.items()]
    others = news.unread - sum(news.senders.values())
    parts = [*named, *([f"{others} from others"] if others else [])]
    return f"{head}{tasks}: {', '.join(parts)}" if parts else f"{head}{tasks}"


def as_value(news: News) -> Json:
    """Return what has come as JSON shows it."""
    if isinstance(news, TaskReport):
        return {"event": "task_ended", "task_id": news.task_id, "state": news.state}
    value: Json = msgspec.to_builtins(news)
    return {**value, "event": "mail"}


def _news(data_dir: Path, wanted: Wanted, find: Find) -> News | None:
    return act(data_dir, lambda client: find(client, wanted), start=True, kind="door")


async def _told_first(client: Client, wanted: Wanted) -> News | None:
    """Tell the person when nobody has the name: it may come yet, or be mistyped."""
    if wanted.agent and not (await client.look_at_bell(wanted.agent)).agent:
        name = one_line(wanted.agent, _NAME)
        say(f"no agent is called {name} yet; waiting for it. See who is there: signalpost agents")
    return await first_news(client, wanted)


async def first_news(client: Client, wanted: Wanted) -> News | None:
    """Return what comes first; None: nothing in time.

    :raises UnknownAgent: nobody is meant, and no task either
    :raises BadRequest: there is no such task
    """
    found: list[News | None] = []

    async def until(event: Callable[[], Awaitable[News | None]]) -> None:
        found.append(await event())
        tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(until, lambda: _mail(client, wanted))
        for task_id in wanted.tasks:
            tasks.start_soon(until, lambda n=task_id: client.task_status(n, None))
        tasks.start_soon(until, _nobody)
        if wanted.timeout is not None:
            tasks.start_soon(until, lambda: _time_over(wanted.timeout))
    return found[0]


async def _mail(client: Client, wanted: Wanted) -> Doorstep | None:
    if wanted.expects:
        return await _mail_of_one_to_come(client, wanted)
    step = await client.await_bell(wanted.agent, thread=wanted.thread)
    if step.agent:
        return step if step.news else None
    if not wanted.tasks:
        raise UnknownAgent(
            "there is no agent whose client has started this. Name one with --agent; see who is"
            " there: signalpost agents"
        )
    await anyio.sleep_forever()
    return None


async def _mail_of_one_to_come(client: Client, wanted: Wanted) -> Doorstep | None:
    """Wait for the agent first: it may also go without a trace, and come again."""
    while True:
        who = await _come(client, wanted)
        if not who:
            return None
        step = await client.await_bell(who)
        if step.agent:
            return step if step.news else None


async def _come(client: Client, wanted: Wanted) -> str:
    """Return the agent's name when it is there; empty: it does not come."""
    await client.ping()
    if client.welcome is None or client.welcome.minor < AWAITS_AGENTS:
        return (await client.look_at_bell(wanted.agent, thread=wanted.thread)).agent
    with anyio.move_on_after(_COMING_SECONDS):
        return (await client.await_agent(wanted.agent, thread=wanted.thread)).agent
    return ""


async def _nobody() -> None:
    await nobody_left()


async def _time_over(seconds: float | None) -> None:
    if seconds is not None:
        await anyio.sleep(seconds)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
