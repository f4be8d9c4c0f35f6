"""What models read about sending, agents and inboxes: one compact line of JSON each. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ..transport.letters import AgentState, InboxState, Outcome, SentMessage, Settled
from ..transport.mail import Registered, Sent
from ..transport.safe_text import one_line
from .json_line import json_line
from .mail_calls import SendMessage
from .mail_fields import Json, timestamp
from .ring_text import ring_words

_DESCRIPTION = 300
_NAME = 100
_DETAIL = 300
_DONE = {"ack": "acknowledged", "nack": "nacked", "return": "returned"}


def registered_line(agent: Registered) -> str:
    """Return the line of ``register_agent``."""
    return json_line(
        {
            "status": "registered",
            "name": one_line(agent.name, _NAME),
            "role": agent.role,
            "description": one_line(agent.description, _DESCRIPTION),
        }
    )


def sent_line(sent: Sent, call: SendMessage) -> str:
    """Return the line of ``send_message``, without the reply."""
    if call.is_for_one and len(sent.sent) == 1:
        return json_line(_sent_to_one(sent, sent.sent[0], call))
    return json_line(
        {
            "status": "sent" if sent.sent else "refused",
            "to": [_name(one.name) for one in sent.sent],
            "message_ids": {_name(one.name): one.message_id for one in sent.sent},
            "refused": {_name(one.name): one.code for one in sent.refused},
        }
    )


def awaited_line(sent: Sent, call: SendMessage) -> str:
    """Return how to go on when the awaited reply has not come, else ``""``."""
    if call.wait_for != "reply" or sent.reply or sent.bounced or len(sent.sent) != 1:
        return ""
    if sent.sent[0].stage in ("expired", "dead"):
        return "No reply will come: nobody will get the message any more."
    return (
        "No reply yet. It will come as mail:"
        f' receive_message(in_reply_to="{sent.sent[0].message_id}") waits for it.'
    )


def nothing_line(waited: float | None, acknowledged: Sequence[str]) -> str:
    """Return the line of a receive that got nothing in ``waited`` seconds."""
    whole = int(waited) if waited is not None and float(waited).is_integer() else waited
    return json_line(
        {"status": "no_messages", "timeout": whole, "acknowledged": list(acknowledged)}
    )


def settled_line(messages: Sequence[Settled], outcome: Outcome) -> str:
    """Return the line of ``acknowledge_message``: what became of each."""
    return json_line({"messages": [_settled(message, outcome) for message in messages]})


def agents_line(agents: Sequence[AgentState], own: str) -> str:
    """Return the line of ``list_agents``; ``own`` is the name of the one who asks."""
    return json_line({"agents": [_agent(agent, own) for agent in agents]})


def inbox_lines(inboxes: Sequence[InboxState]) -> list[Json]:
    """Return the inboxes as ``get_queue_status`` shows them."""
    return [
        {
            "agent": _name(inbox.agent),
            "depth": inbox.depth,
            "max_size": inbox.max_size,
            "in_flight": inbox.in_flight,
            "oldest_age": None if inbox.oldest_age is None else round(inbox.oldest_age, 1),
        }
        for inbox in inboxes
    ]


def unregistered_line(name: str) -> str:
    """Return the line of ``unregister_agent``."""
    return json_line({"status": "unregistered", "name": _name(name)})


def held_line(name: str, wished: str) -> str:
    """Return the line that tells an agent that it goes by another name than it was given."""
    return (
        f"You are {_name(name)} here: {_name(wished)} is held by another living client."
        if name and wished and name != wished
        else ""
    )


def _sent_to_one(sent: Sent, one: SentMessage, call: SendMessage) -> Json:
    fields: Json = {"status": "sent", "message_id": one.message_id, "to": _name(one.name)}
    if call.wait_for is not None:
        fields["stage"] = one.stage
    if one.rung is not None:
        fields["rung"] = ring_words(one.rung)
    if sent.reply is not None:
        fields["reply"] = sent.reply.id
    if sent.bounced:
        fields["bounced"] = one_line(sent.bounced, _DETAIL)
    if one.presence == "gone":
        fields["recipient"] = "gone"
    return fields


def _settled(message: Settled, outcome: Outcome) -> Json:
    fields: Json = {"message_id": one_line(message.message_id, _NAME)}
    if not message.code:
        return fields | {"status": _DONE[outcome]}
    detail = one_line(message.detail, _DETAIL)
    return fields | {"status": "refused", "code": message.code, "detail": detail}


def _agent(agent: AgentState, own: str) -> Json:
    fields: Json = {
        "name": _name(agent.name),
        "role": agent.role,
        "description": one_line(agent.description, _DESCRIPTION),
        "online": agent.presence != "gone",
        "presence": agent.presence,
        "client": one_line(agent.client, _NAME),
        "working_directory": one_line(agent.working_directory, _DETAIL),
        "since": timestamp(agent.since) if agent.since else None,
        "depth": agent.depth,
    }
    return fields | ({"you": True} if agent.name == own else {})


def _name(name: str) -> str:
    return one_line(name, _NAME)
