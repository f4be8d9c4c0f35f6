"""Mail as JSON values for programs: the envelope of gptqueue with the content unaltered. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import cast

import msgspec

from ..transport.letters import AgentState, Delivery, InboxState, Settled, StoredMessage
from ..transport.mail import Sent

Json = dict[str, object]

_LEVELS = 32


def message_fields(message: Delivery | StoredMessage) -> Json:
    """Return ``{id, from, to, timestamp, type, payload: {content, metadata?, in_reply_to?}}``."""
    return head_fields(message) | {"payload": payload(message, {"content": message.content})}


def head_fields(message: Delivery | StoredMessage) -> Json:
    """Return what an envelope has before its payload."""
    return {
        "id": message.id,
        "from": message.sender,
        "to": message.to,
        "timestamp": timestamp(message.sent_at),
        "type": message.kind,
    }


def payload(message: Delivery | StoredMessage, content: Json) -> Json:
    """Return an envelope's payload with ``content`` or what stands for it."""
    fields = dict(content)
    if message.metadata:
        fields["metadata"] = metadata(message.metadata)
    if message.in_reply_to:
        fields["in_reply_to"] = message.in_reply_to
    return fields


def metadata(data: bytes) -> object:
    """Return metadata as JSON values; as text where it is none that every reader can take.

    A result that the MCP client cannot read, or the SDK cannot write, would keep
    the message in the inbox for ever.
    """
    try:
        value = msgspec.json.decode(data)
    except (ValueError, RecursionError):
        return data.decode("utf-8", "replace")
    return value if _is_flat(value, _LEVELS) else data.decode("utf-8", "replace")


def sent_fields(sent: Sent) -> Json:
    """Return what became of a ``send``; the reply is among the messages."""
    fields: Json = {
        "sent": [msgspec.to_builtins(one) for one in sent.sent],
        "refused": [msgspec.to_builtins(one) for one in sent.refused],
    }
    if sent.bounced:
        fields["bounced"] = sent.bounced
    if sent.reply is not None:
        fields["reply"] = sent.reply.id
    return fields


def agent_fields(agents: Sequence[AgentState], own: str) -> list[Json]:
    """Return the agents, each with all that is known of it."""
    return [_agent(agent, own) for agent in agents]


def inbox_fields(inboxes: Sequence[InboxState]) -> list[Json]:
    """Return how full each inbox is."""
    return [cast("Json", msgspec.to_builtins(inbox)) for inbox in inboxes]


def settled_fields(messages: Sequence[Settled]) -> list[Json]:
    """Return what became of each message; an empty code: it took effect."""
    return [cast("Json", msgspec.to_builtins(message)) for message in messages]


def timestamp(seconds: float) -> str:
    """Return Unix seconds as ISO 8601 in UTC with milliseconds."""
    written = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return written.replace("+00:00", "Z")


def _agent(agent: AgentState, own: str) -> Json:
    fields = cast("Json", msgspec.to_builtins(agent))
    fields |= {
        "online": agent.presence != "gone",
        "since": timestamp(agent.since) if agent.since else None,
    }
    return fields | ({"you": True} if agent.name == own else {})


def _is_flat(value: object, levels: int) -> bool:
    if isinstance(value, dict):
        inner = list(cast("dict[str, object]", value).values())
    elif isinstance(value, list):
        inner = cast("list[object]", value)
    else:
        return True
    return levels > 0 and all(_is_flat(each, levels - 1) for each in inner)
