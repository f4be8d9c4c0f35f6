"""The arguments of a messaging tool become a typed call, or a refusal with the remedy. Pure.

An empty name or id counts as left out where it may be left out: some models
fill in every parameter.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Literal, TypeVar, cast, get_args

from ..transport import names
from ..transport.errors import BadRequest
from ..transport.letters import Goal, Kind, Role
from . import given
from .given import Given
from .mail_calls import (
    AcknowledgeMessage,
    ListAgents,
    MailCall,
    PeekMessages,
    ReadMessage,
    ReceiveMessage,
    RegisterAgent,
    SendMessage,
    UnregisterAgent,
)

_Outcome = Literal["ack", "nack"]

DEFAULT_WAIT = 5.0
MAX_MESSAGES = 20
MAX_IDS = 100
KINDS: tuple[Kind, ...] = get_args(Kind)
ROLES: tuple[Role, ...] = get_args(Role)
GOALS: tuple[Goal, ...] = get_args(Goal)
OUTCOMES: tuple[_Outcome, ...] = ("ack", "nack")
_MAX_OFFSET = 2**31
_MAX_ID = 64
_RECIPIENTS = 'a name from list_agents, "*", "role:consumer" or "any:role:consumer"'
_IDS = "the id of a message, or an array of them"

C = TypeVar("C")


def agent(value: object, name: str) -> str:
    """Return the agent's name in ``value``; empty text counts as left out.

    :raises BadRequest: it is no name
    """
    written = given.text(value, name)
    return _named(written, name) if written else ""


def _register_agent(present: Given) -> RegisterAgent:
    return RegisterAgent(
        name=given.needed(present, "name", _own_name, "the name that others shall send to"),
        role=given.optional(present, "role", _role, "both"),
        description=given.optional(present, "description", given.text, ""),
    )


def _send_message(present: Given) -> SendMessage:
    return SendMessage(
        to=given.needed(present, "to", _recipients, _RECIPIENTS),
        content=given.needed(present, "content", given.text, "the text of the message"),
        kind=given.optional(present, "type", _kind, "task"),
        metadata=given.optional(present, "metadata", _metadata, None),
        in_reply_to=given.optional(present, "in_reply_to", _id_or_empty, ""),
        ttl_seconds=given.optional(present, "ttl_seconds", given.some_seconds, None),
        wait_for=given.optional(present, "wait_for", _goal, None),
        wait_seconds=given.optional(present, "wait_seconds", given.seconds, None),
    )


def _receive_message(present: Given) -> MailCall:
    # All are read, whatever they serve: a wrong one is refused and not passed over.
    message_id = given.optional(present, "message_id", _id_or_empty, "")
    offset = given.optional(present, "offset", _offset, 0)
    call = ReceiveMessage(
        timeout=given.optional(present, "timeout", given.seconds, DEFAULT_WAIT),
        sender=given.optional(present, "from", agent, ""),
        in_reply_to=given.optional(present, "in_reply_to", _id_or_empty, ""),
        max_messages=given.optional(present, "max_messages", _count, 1),
        ack=given.optional(present, "ack", given.boolean, True),
    )
    if message_id:
        return ReadMessage(message_id, offset)
    if offset:
        raise BadRequest(f"offset is {offset} without message_id. Pass the id of that message too.")
    if given.optional(present, "peek", given.boolean, False):
        return PeekMessages(call.sender, call.in_reply_to, call.max_messages)
    return call


def _acknowledge_message(present: Given) -> AcknowledgeMessage:
    return AcknowledgeMessage(
        message_ids=given.needed(present, "message_ids", _ids, _IDS),
        outcome=given.optional(present, "outcome", _outcome, "ack"),
    )


def _unregister_agent(present: Given) -> UnregisterAgent:
    return UnregisterAgent(force=given.optional(present, "force", given.boolean, False))


def _role(value: object, name: str) -> Role:
    return _one_of(ROLES, value, name)


def _kind(value: object, name: str) -> Kind:
    return _one_of(KINDS, value, name)


def _goal(value: object, name: str) -> Goal:
    return _one_of(GOALS, value, name)


def _outcome(value: object, name: str) -> _Outcome:
    return _one_of(OUTCOMES, value, name)


def _one_of(words: tuple[C, ...], value: object, name: str) -> C:
    found = next((word for word in words if word == value), None)
    if found is None:
        listed = ", ".join(map(str, words))
        raise BadRequest(f"{name} is {given.shown(value)}. Pass one of: {listed}.")
    return found


def _own_name(value: object, name: str) -> str:
    return _named(given.text(value, name), name)


def _named(written: str, name: str) -> str:
    try:
        return names.agent_name(written)
    except BadRequest as error:
        raise BadRequest(f"{name}: {error}") from error


def _recipients(value: object, name: str) -> tuple[str, ...]:
    found = [_recipient(each, name) for each in _items(value)]
    if not found:
        raise BadRequest(f"{name} names nobody. Pass {_RECIPIENTS}.")
    return tuple(dict.fromkeys(found))


def _recipient(value: object, name: str) -> str:
    written = given.text(value, name)
    if written == "*":
        return written
    head, colon, role = written.rpartition(":")
    if colon:
        if head not in ("role", "any:role") or role not in ROLES:
            raise BadRequest(f"{name} has {given.shown(written)}. Pass {_RECIPIENTS}.")
        return written
    if "," in written:
        raise BadRequest(f"{name} has {given.shown(written)}. Pass several names as an array.")
    return _named(written, name)


def _items(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else [value]


def _metadata(value: object, name: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise BadRequest(f"{name} must be a JSON object, not {given.shown(value)}.")
    fields = cast("Mapping[str, object]", value)
    try:
        json.dumps(fields, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise BadRequest(
            f"{name} is {given.shown(fields)}, which JSON cannot carry."
            " Pass an object of valid Unicode text, finite numbers and few levels."
        ) from error
    return fields


def _ids(value: object, name: str) -> tuple[str, ...]:
    items = _items(value)
    if not 1 <= len(items) <= MAX_IDS:
        raise BadRequest(f"{name} has {len(items)} ids. Pass 1 to {MAX_IDS} of them.")
    return tuple(dict.fromkeys(_id(item, name) for item in items))


def _id(value: object, name: str) -> str:
    written = given.text(value, name)
    if not written or len(written) > _MAX_ID or not written.isprintable():
        raise BadRequest(f"{name} has {given.shown(written)}. Pass an id from a message's line.")
    return written


def _id_or_empty(value: object, name: str) -> str:
    return _id(value, name) if value != "" else ""


def _count(value: object, name: str) -> int:
    return given.integer(value, name, 1, MAX_MESSAGES)


def _offset(value: object, name: str) -> int:
    return given.integer(value, name, 0, _MAX_OFFSET)


READERS: dict[str, tuple[Callable[[Given], MailCall], tuple[str, ...]]] = {
    "register_agent": (_register_agent, ("name", "role", "description")),
    "send_message": (
        _send_message,
        (
            "to",
            "content",
            "type",
            "metadata",
            "in_reply_to",
            "ttl_seconds",
            "wait_for",
            "wait_seconds",
        ),
    ),
    "receive_message": (
        _receive_message,
        (
            "timeout",
            "from",
            "in_reply_to",
            "max_messages",
            "peek",
            "ack",
            "message_id",
            "offset",
        ),
    ),
    "acknowledge_message": (_acknowledge_message, ("message_ids", "outcome")),
    "list_agents": (lambda _: ListAgents(), ()),
    "unregister_agent": (_unregister_agent, ("force",)),
}
"""How to read the arguments of each messaging tool, and which it has."""
