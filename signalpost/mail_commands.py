"""The commands about agents and their mail. What they need is loaded when they run.

The command line is the agent ``person``, with an inbox like everybody's.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import Seconds, data_dir_option

if TYPE_CHECKING:
    from .transport.letters import Goal, Kind, State

# Said here, not read from the wire's module: --help would have to load msgspec for them.
KINDS = ("task", "result", "status", "error", "ping")
GOALS = ("stored", "delivered", "acked", "reply")
STATES = ("ready", "leased", "done", "expired", "dead")
MAX_AT_ONCE = 32

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
_SENT = """\
\b
Exit codes:
  0  it has come as far as --wait says
  1  it was sent, and has not come so far: time is over, no reply, dead letter
  2  refused for a recipient or for all: unknown, inbox full, too large
"""


@click.command()
@_AS_JSON
@data_dir_option
def agents(as_json: bool, data_dir: Path) -> int:
    """List everybody who can get mail, with what waits for each."""
    from .agents_listing import show_agents

    return show_agents(data_dir, as_json=as_json)


@click.command(epilog=_SENT)
@click.option("-t", "--type", "kind", type=click.Choice(KINDS), default="task", help="[task]")
@click.option("-m", "pairs", multiple=True, metavar="KEY=VALUE", help="Add metadata; repeatable.")
@click.option("--metadata", "text_of_metadata", metavar="JSON", help="Metadata as a JSON object.")
@click.option("-r", "--reply-to", metavar="MESSAGE_ID", default="", help="It answers that message.")
@click.option(
    "--ttl",
    type=Seconds(min=0, min_open=True),
    metavar="SECONDS",
    help="It expires if nobody has taken it by then.",
)
@click.option(
    "--wait",
    type=click.Choice(GOALS),
    default="stored",
    help="Return when it has come so far, or with the reply. [stored]",
)
@click.option(
    "--timeout",
    type=Seconds(min=0),
    metavar="SECONDS",
    help="Wait at most so long. [no limit; 20 for room in a full inbox]",
)
@_AS_JSON
@data_dir_option
@click.argument("to")
@click.argument("text")
def send(
    kind: Kind,
    pairs: tuple[str, ...],
    text_of_metadata: str | None,
    reply_to: str,
    ttl: float | None,
    wait: Goal,
    timeout: float | None,
    as_json: bool,
    data_dir: Path,
    to: str,
    text: str,
) -> int:
    """Send TEXT to an agent; it is on disk when this returns.

    TO is a name, several with commas (alice,bob), '*' for everybody, role:consumer for all
    who have that role, or any:role:consumer for one of them. TEXT - is read from standard input.
    """
    from . import letter, sending

    order = letter.Letter(
        to=letter.recipients(letter.unicode(to)),
        content=sending.standard_input() if text == "-" else letter.unicode(text),
        kind=kind,
        metadata=letter.metadata(text_of_metadata or "", pairs),
        in_reply_to=letter.unicode(reply_to),
        ttl_seconds=_bounded(ttl),
        wait_for=wait,
        wait_seconds=_bounded(timeout),
    )
    return sending.send(data_dir, order, as_json=as_json)


@click.command()
@click.option(
    "--timeout",
    type=Seconds(min=0),
    metavar="SECONDS",
    help="Wait at most so long for some; inf: until some comes. [5]",
)
@click.option("--from", "sender", metavar="NAME", default="", help="Only what NAME has sent.")
@click.option(
    "-n",
    "most",
    type=click.IntRange(1, MAX_AT_ONCE),
    metavar="N",
    default=1,
    help="Up to so many messages. [1]",
)
@click.option("--peek", is_flag=True, help="Only look: nothing is taken, and nobody waits.")
@_AS_JSON
@data_dir_option
def receive(
    timeout: float | None, sender: str, most: int, peek: bool, as_json: bool, data_dir: Path
) -> int:
    """Print mail that agents have sent to you, oldest first.

    You are the agent called person. What was printed is acknowledged; of what could not be
    printed nothing is lost. With --json each message is one line. Exits with 1 when nothing came.
    """
    from . import receiving

    wanted = receiving.Wanted(sender, most, as_json)
    if not peek:
        return receiving.receive(data_dir, wanted, _bounded(5.0 if timeout is None else timeout))
    if timeout is not None:
        raise click.UsageError("--peek does not wait: leave out --timeout")
    return receiving.peek(data_dir, wanted)


@click.command()
@click.argument("agent")
@_AS_JSON
@data_dir_option
def inbox(agent: str, as_json: bool, data_dir: Path) -> int:
    """Show what waits for AGENT and what it works on. Takes nothing."""
    from .receiving import show_inbox

    return show_inbox(data_dir, agent, as_json=as_json)


@click.command()
@click.argument("search", default="")
@click.option("--agent", metavar="NAME", default="", help="Only what NAME has sent or got.")
@click.option("--state", type=click.Choice(STATES), help="Only what has come to that.")
@click.option(
    "-n",
    "limit",
    type=click.IntRange(1, 1000),
    metavar="N",
    default=20,
    help="So many of the newest. [20]",
)
@click.option("--before", metavar="TIME", help="Only older ones: 2026-03-01, '2026-03-01 14:30'.")
@_AS_JSON
@data_dir_option
def history(
    search: str,
    agent: str,
    state: State | None,
    limit: int,
    before: str | None,
    as_json: bool,
    data_dir: Path,
) -> int:
    """List messages, newest first, whatever became of them.

    SEARCH holds words that must all occur in the text or in a name.
    """
    from .mail_history import Search, moment, show_history

    earlier = None if before is None else moment(before)
    return show_history(data_dir, Search(search, agent, state, limit, earlier), as_json=as_json)


@click.group()
@data_dir_option
@click.pass_context
def dead(ctx: click.Context, data_dir: Path) -> None:
    """Deal with dead letters: mail that failed 5 times, or whose agent is gone."""
    ctx.obj = str(data_dir)


@dead.command("list")
@click.argument("agent", default="")
@click.option(
    "-n",
    "limit",
    type=click.IntRange(1, 1000),
    metavar="N",
    default=100,
    help="So many of the newest. [100]",
)
@_AS_JSON
@data_dir_option
def list_dead(agent: str, limit: int, as_json: bool, data_dir: Path) -> int:
    """List dead letters and why they are dead; of AGENT: those it sent or did not get."""
    from .dead_letters import show_dead

    return show_dead(data_dir, agent, limit, as_json=as_json)


@dead.command()
@click.argument("ids", nargs=-1, metavar="[MESSAGE_ID…]")
@click.option("--all", "everything", is_flag=True, help="All there are.")
@data_dir_option
def redrive(ids: tuple[str, ...], everything: bool, data_dir: Path) -> int:
    """Put dead letters back into their inboxes, at their old place, with fresh attempts."""
    from .dead_letters import settle

    _one_of(ids, everything)
    return settle(data_dir, ids, "redrive")


@dead.command()
@click.argument("ids", nargs=-1, metavar="[MESSAGE_ID…]")
@click.option("--all", "everything", is_flag=True, help="All there are.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@data_dir_option
def purge(ids: tuple[str, ...], everything: bool, yes: bool, data_dir: Path) -> int:
    """Delete dead letters for good. Asks at a terminal; anywhere else it needs --yes."""
    from . import exit_codes
    from .dead_letters import confirmed, settle

    _one_of(ids, everything)
    return settle(data_dir, ids, "purge") if yes or confirmed(ids) else exit_codes.WRONG


def _bounded(seconds: float | None) -> float | None:
    """Return a limit, or None where there is none."""
    return None if seconds is None or math.isinf(seconds) else seconds


def _one_of(ids: tuple[str, ...], everything: bool) -> None:
    if bool(ids) == everything:
        raise click.UsageError("name dead letters, or say --all; signalpost dead list shows them")


COMMANDS = (agents, send, receive, inbox, history, dead)
