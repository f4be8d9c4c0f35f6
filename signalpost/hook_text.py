"""What hooks tell models: facts, never orders, in at most 400 characters. Pure.

Clients show these texts in places where a model expects its user: so each says
that Signalpost speaks. A sentence that finds no room is left out.
"""

from __future__ import annotations

from collections.abc import Iterable

from .transport.bell import Doorstep, OpenTask
from .transport.safe_text import one_line

MAX_TEXT = 400
_MAX_NAME = 64
_MAX_SENDER = 24
_MAX_COMMAND = 40
_SENDERS = 3


def start_text(step: Doorstep, again: int = 0) -> str:
    """Return what an agent is told when its session starts, or has lost its context.

    ``again`` messages it had received, and they wait for it once more.
    """
    return _joined(
        f"You are the Signalpost agent {one_line(step.agent, _MAX_NAME)}.",
        _inbox(step, "your inbox"),
        f"Not yet acknowledged and offered again: {again}." if again > 0 else "",
        *_tasks(step.open_tasks),
    )


def news_text(step: Doorstep) -> str:
    """Return what an agent is told while it works."""
    return _joined("Signalpost:", _unread(step, _whose(step)))


def hold_text(step: Doorstep, *, mail: bool, tasks: bool) -> str:
    """Return why an agent is not to stop yet."""
    return _joined(
        "Signalpost:",
        _unread(step, _whose(step)) if mail else "",
        *(_tasks(step.open_tasks) if tasks else ()),
    )


def _whose(step: Doorstep) -> str:
    return f"the inbox of agent {one_line(step.agent, _MAX_NAME)}"


def _inbox(step: Doorstep, whose: str) -> str:
    if not step.on:
        return "Your doorbell is off: nothing tells you of mail."
    return _unread(step, whose) if step.unread else "No unread mail waits."


def _unread(step: Doorstep, whose: str) -> str:
    one = step.unread == 1
    what = "1 unread message waits" if one else f"{step.unread} unread messages wait"
    told = "; ".join(part for part in (_senders(step), _kinds(step)) if part)
    detail = f" ({told})" if told else ""
    return f"{what} in {whose}{detail}: receive_message takes {'it' if one else 'them'}."


def _senders(step: Doorstep) -> str:
    most = sorted(step.senders.items(), key=lambda sender: (-sender[1], sender[0]))
    named = [f"{count} from {one_line(name, _MAX_SENDER)}" for name, count in most[:_SENDERS]]
    others = step.unread - sum(count for _, count in most[:_SENDERS])
    if named and others > 0:
        named.append(f"{others} from others")
    return ", ".join(named)


def _kinds(step: Doorstep) -> str:
    if not step.unread_tasks:
        return ""
    return "1 is a task" if step.unread_tasks == 1 else f"{step.unread_tasks} are tasks"


def _tasks(tasks: Iterable[OpenTask]) -> list[str]:
    told: list[str] = []
    for task in tasks:
        does = "is running" if task.state == "running" else "waits for its turn"
        command = one_line(task.command, _MAX_COMMAND).replace("`", "'")
        number = task.task_id
        told.append(
            f"Task {number} `{command}` {does}: task_status(task_id={number}) waits for it."
        )
    return told


def _joined(*sentences: str) -> str:
    text = ""
    for sentence in filter(None, sentences):
        longer = f"{text} {sentence}" if text else sentence
        if len(longer) <= MAX_TEXT:
            text = longer
    return text
