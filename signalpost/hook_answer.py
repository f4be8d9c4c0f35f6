"""What a hook says, by what the broker answers, or by ``unread.json`` where none runs.

    session-start   who the agent is and what waits, whether told before or not; an agent that is
                    about to come is waited for, and so is the broker that its bridge starts,
                    while there is such a bridge
    prompt, tools   mail of which it was not told, once; or what its session's start could not say
    stop            the gate, then perhaps a wait for news
    others          nothing: they are signs of life

A subagent is not the agent: it is told nothing and never held. Its tools are a
sign that the agent lives; what else it does says nothing about that.
"""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from msgspec.structs import replace

from . import hook_untold
from .hook_contract import Context, Contract, Heard, Hold, Said
from .hook_gate import Marks, held_by
from .hook_log import note
from .hook_marks import MarksTaken, marks_of
from .hook_text import hold_text, news_text, start_text
from .hook_words import HookOrder
from .transport import endpoint
from .transport.bell import (
    AWAITS_AGENTS,
    AwaitAgent,
    AwaitBell,
    Doorstep,
    LookAtBell,
    NoteRing,
)
from .transport.errors import BadRequest, BrokerUnavailable, SignalpostError
from .transport.letters import Way
from .transport.messages import Accepted

if TYPE_CHECKING:
    from .transport.direct import Line

QUICK_SECONDS = 0.1
SESSION_SECONDS = 0.5
COMING_SECONDS = 2.0
"""At a session's start: the client starts the agent's bridge at the same time."""
_GRACE_SECONDS = 0.05
"""Without a bridge: whoever is that much slower than a hook is not waited for."""
START_SECONDS = 3.0
"""At a session's start the broker may be about to start, or be started."""
_STDOUT = 1
_WAYS: dict[str, Way] = {
    "session-start": "hook:session-start",
    "prompt": "hook:prompt",
    "tools": "hook:tools",
    "stop": "hook:stop",
}


def answer(order: HookOrder, contract: Contract, heard: Heard, folder: Path) -> Said:
    """Return what is said to the client.

    :raises SignalpostError: no broker runs that could be asked, or it does not answer in time
    """
    if heard.event == "none" or (heard.subagent and heard.word != "tools"):
        return None
    if heard.word != "session-start" or heard.subagent or not heard.session:
        return _answered(order, contract, heard, folder)
    said: Said = None
    try:
        said = _answered(order, contract, heard, folder)
    finally:
        if said is None:
            _owe(folder, heard.session)
    if said is not None:
        hook_untold.strike(folder, heard.session)  # an earlier start of it could perhaps not say it
    return said


def _owe(folder: Path, session: str) -> None:
    """Have the session told later what its start could not say."""
    try:
        hook_untold.note(folder, session)
    except (OSError, BadRequest) as error:
        note(folder, "untold", f"it cannot be kept: {error}")


def _answered(order: HookOrder, contract: Contract, heard: Heard, folder: Path) -> Said:
    until = monotonic() + (0.0 if contract.late else coming_of(order))
    runs = endpoint.find(folder) is not None or _started(order, folder)
    if not runs:
        told = _without_broker(order, contract, heard, folder)
        if told is not None:
            return told
        if not _comes(folder, until):
            raise BrokerUnavailable("no broker runs.")
    from .transport.direct import dial

    with dial(folder, seconds=limit_of(order)) as line:
        return _asked(order, contract, heard, folder, line, until)


def limit_of(order: HookOrder) -> float:
    """Return how long a broker may take to answer a hook."""
    return order.limit or (SESSION_SECONDS if order.word == "session-start" else QUICK_SECONDS)


def coming_of(order: HookOrder) -> float:
    """Return how long a hook waits for an agent to come."""
    return (order.limit or COMING_SECONDS) if order.word == "session-start" else 0.0


def _asked(
    order: HookOrder, contract: Contract, heard: Heard, folder: Path, line: Line, until: float
) -> Said:
    way = _WAYS.get(heard.word, "look")
    look = LookAtBell(agent=order.agent, thread=heard.session, way=way)
    if heard.word == "session-start":
        return _starting(heard, folder, line, look, max(0.0, until - monotonic()))
    step = line.ask(replace(look, event=heard.event), Doorstep)
    if not step.agent:
        return None
    if heard.word == "stop":
        return _stopping(order, heard, folder, line, step)
    if heard.word not in contract.tells or heard.subagent:
        return None
    if hook_untold.strike(folder, heard.session):
        return _begun(folder, line, replace(look, tell=True), step)
    if not step.news:
        return None
    told = _rung(line, replace(look, tell=True), step)
    new = told.news and _is_news_to_hooks(folder, told)
    return Context(news_text(told)) if new else None


def _starting(
    heard: Heard, folder: Path, line: Line, look: LookAtBell, seconds: float
) -> Context | None:
    """Have what is unacknowledged offered again; say what waits, whether told before or not.

    :param seconds: wait so long for an agent that has not come yet
    """
    before = line.ask(look, Doorstep)
    if not before.agent and seconds and line.minor >= AWAITS_AGENTS:
        wish = AwaitAgent(agent=look.agent, thread=look.thread)
        before = _awaited(line, wish, seconds) or before
    if not before.agent:
        return None
    begun = replace(look, event=heard.event, source=heard.source, tell=True)
    return _begun(folder, line, begun, before)


def _awaited(line: Line, wish: AwaitAgent, seconds: float) -> Doorstep | None:
    grace = min(seconds, _GRACE_SECONDS)
    step = line.expect(wish, Doorstep, seconds=grace)
    if step is None and _has_bridge():
        step = line.expect(wish, Doorstep, seconds=seconds - grace)
    return step


def _begun(folder: Path, line: Line, begun: LookAtBell, before: Doorstep) -> Context:
    step = _rung(line, begun, before)
    if step.on and step.unread:
        _is_news_to_hooks(folder, step)
    return Context(start_text(step, before.held - step.held))


def _rung(line: Line, look: LookAtBell, known: Doorstep) -> Doorstep:
    """Ring for what is told now, and return it.

    Should no answer come in time, the broker may yet count it as told: so it is told as known.
    """
    try:
        return line.ask(look, Doorstep)
    except BrokerUnavailable:
        return known


def _stopping(
    order: HookOrder, heard: Heard, folder: Path, line: Line, step: Doorstep
) -> Hold | None:
    with marks_of(folder, step.agent) as file:
        before = file.marks
        reached = held_by(order.gate, heard, step, before)
        if reached is not None:
            file.advance(reached)
            return _held(folder, line, step, before, reached)
    if not order.wait or order.gate == "off" or heard.broken_off:
        return None
    return _waiting(order, folder, line, step.agent, before)


def _waiting(order: HookOrder, folder: Path, line: Line, agent: str, before: Marks) -> Hold | None:
    """Wait for the bell; what it rings for holds, of whatever kind it is."""
    wish = AwaitBell(agent=agent, way="hook:stop", after=before.held, wait_seconds=order.wait)
    step = line.wait(wish, Doorstep, seconds=order.wait, witness=_STDOUT)
    if step is None or not step.news:
        return None
    try:
        with marks_of(folder, step.agent) as file:
            file.advance(Marks(noticed=step.cursor, held=step.cursor))
            return _held(folder, line, step, before, file.marks)
    except (MarksTaken, OSError, BadRequest):
        ring = NoteRing(agent=agent, cursor=step.cursor, way="hook:stop", outcome="gave_up")
        line.ask(ring, Accepted)
        raise


def _held(folder: Path, line: Line, step: Doorstep, before: Marks, reached: Marks) -> Hold:
    """Tell the broker when mail has held the agent, and return why it was held."""
    mail = reached.held > before.held
    if mail:
        ring = NoteRing(agent=step.agent, cursor=step.cursor, way="hook:stop", outcome="held")
        try:
            line.ask(ring, Accepted)
        except SignalpostError as error:  # it is held all the same
            note(folder, "stop", f"{error.code}: {error}")
    return Hold(hold_text(step, mail=mail, tasks=reached.task > before.task))


def _without_broker(order: HookOrder, contract: Contract, heard: Heard, folder: Path) -> Said:
    """Tell what is new by ``unread.json``; None: nothing is."""
    if heard.word in ("session-start", "prompt") and heard.word in contract.tells:
        from .unread_file import doorstep_of, read_unread

        step = doorstep_of(
            read_unread(folder),
            agent=order.agent,
            thread=heard.session,
            client=contract.client,
            working_directory=heard.working_directory,
        )
        if step.news and _is_new(folder, step):
            text = start_text if heard.word == "session-start" else news_text
            return Context(text(step))
    return None


def _is_news_to_hooks(folder: Path, step: Doorstep) -> bool:
    """Tell the same where the broker keeps account, too: the marks may be missing there."""
    try:
        return _is_new(folder, step)
    except (OSError, BadRequest) as error:
        note(folder, "marks", f"they cannot be kept: {error}")
        return True


def _is_new(folder: Path, step: Doorstep) -> bool:
    """Tell whether no hook has told of this mail yet, and remember that one does."""
    with marks_of(folder, step.agent) as file:
        if step.cursor <= file.marks.noticed:
            return False
        file.advance(Marks(noticed=step.cursor))
        return True


def _comes(folder: Path, until: float) -> bool:
    """Wait for the broker that the agent's bridge starts, with the options that it was given."""
    if until <= monotonic():
        return False
    from .broker_watch import broker_comes

    grace = min(until, monotonic() + _GRACE_SECONDS)
    return broker_comes(folder, grace) or (_has_bridge() and broker_comes(folder, until))


def _has_bridge() -> bool:
    from . import own_bridge  # only where there is time for it

    return own_bridge.lives()


def _started(order: HookOrder, folder: Path) -> bool:
    """Start a broker if that is wished; tell whether it was."""
    if not order.start or order.word != "session-start":
        return False
    import anyio  # an event loop, only where half a second does not matter

    from .transport.launch import ensure_broker

    async def start() -> None:
        with anyio.fail_after(START_SECONDS):
            await ensure_broker(folder)

    anyio.run(start)
    return True
