"""What the broker says, in the words of a client of an older minor version. Pure."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from . import mail, messages

M = TypeVar("M", bound=messages.Reply | messages.Push)
_BLOCKED_SINCE = 1


def as_of(minor: int, message: M) -> M:
    """Return a message that a client knows which told ``minor`` in its hello."""
    if minor >= _BLOCKED_SINCE:
        return message
    match message:
        case mail.Agents(agents=agents):
            known = [_worded(agent) if agent.presence == "blocked" else agent for agent in agents]
            return msgspec.structs.replace(message, agents=known)
        case mail.Sent(sent=sent):
            told = [_worded(one) if one.presence == "blocked" else one for one in sent]
            return msgspec.structs.replace(message, sent=told)
        case _:
            return message


S = TypeVar("S", bound=msgspec.Struct)


def _worded(part: S) -> S:
    return msgspec.structs.replace(part, presence="working")
