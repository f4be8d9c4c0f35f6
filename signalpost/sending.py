"""``signalpost send``: a message from the person, and how far it has come."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import msgspec

from . import exit_codes
from .letter import Letter
from .mail_text import NAME, delivery_fields, readable
from .mcp_bridge.mail_fields import Json
from .mcp_bridge.ring_text import ring_words
from .notice import say
from .person import act
from .printing import print_and_acknowledge
from .transport.client import Client
from .transport.errors import BadRequest, TooLarge, from_code
from .transport.letters import MAX_CONTENT, Goal, SentMessage
from .transport.mail import Sent
from .transport.safe_text import one_line

_DETAIL = 500
_STAGES = ("stored", "delivered", "acked")
_NOT_REACHED = {
    "stored": "is not stored",
    "delivered": "has not been taken yet",
    "acked": "has not been acknowledged yet",
}


def send(data_dir: Path, letter: Letter, *, as_json: bool) -> int:
    """Send it, print what became of it and return the exit code.

    0: it has come as far as was waited for; 1: it was sent, and has not; 2: refused.
    """

    async def work(client: Client) -> int:
        sent = await client.send(
            letter.to[0] if len(letter.to) == 1 else list(letter.to),
            letter.content,
            kind=letter.kind,
            metadata=letter.metadata or None,
            in_reply_to=letter.in_reply_to,
            ttl_seconds=letter.ttl_seconds,
            wait_for=letter.wait_for,
            wait_seconds=letter.wait_seconds,
            park_seconds=letter.park_seconds,
        )
        text = json.dumps(as_value(sent)) if as_json else as_text(sent)
        await print_and_acknowledge(client, text, [sent.reply] if sent.reply else [])
        return verdict(sent, letter.wait_for)

    return act(data_dir, work, start=True)


def standard_input() -> str:
    """Return the text that standard input holds.

    :raises BadRequest: it is closed, or not UTF-8
    :raises TooLarge: it is longer than a message may be
    """
    if sys.stdin is None:
        raise BadRequest("standard input is closed. Give the text there: … - < FILE")
    data = sys.stdin.buffer.read(MAX_CONTENT + 1)
    if len(data) > MAX_CONTENT:
        raise TooLarge(
            f"standard input holds more than {MAX_CONTENT} bytes. Put it into a file and send"
            " its path."
        )
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise BadRequest(f"standard input is not UTF-8: {error}. Encode it first.") from error


def as_text(sent: Sent) -> str:
    """Return a line for each message that was sent, and the reply."""
    lines = [
        f"sent {m.message_id} to {one_line(m.name, NAME)}: {m.stage}{_rung(m)}" for m in sent.sent
    ]
    if sent.reply is not None:
        lines.append(readable(sent.reply))
    return "\n".join(lines)


def as_value(sent: Sent) -> Json:
    """Return what became of it as JSON shows it."""
    value: Json = {
        "sent": [
            {
                "to": m.name,
                "message_id": m.message_id,
                "stage": m.stage,
                "presence": m.presence,
                "rung": msgspec.to_builtins(m.rung),
            }
            for m in sent.sent
        ],
        "refused": [{"to": r.name, "code": r.code, "detail": r.detail} for r in sent.refused],
    }
    if sent.reply is not None:
        value["reply"] = delivery_fields(sent.reply)
    if sent.bounced:
        value["bounced"] = sent.bounced
    return value


def verdict(sent: Sent, goal: Goal) -> int:
    """Tell the person what is not as it should be, and return the exit code."""
    codes: list[int] = [exit_codes.OK]
    for refusal in sent.refused:
        who, why = one_line(refusal.name, NAME), one_line(refusal.detail, _DETAIL)
        say(f"{refusal.code}: {who}: {why}")
        codes.append(exit_codes.of_error(from_code(refusal.code, refusal.detail)))
    for message in sent.sent:
        if short := _falls_short(sent, message, goal):
            say(f"message {message.message_id} to {one_line(message.name, NAME)} {short}")
            codes.append(exit_codes.WRONG)
    return max(codes)


def _rung(message: SentMessage) -> str:
    return f"; {ring_words(message.rung)}" if message.rung is not None else ""


def _falls_short(sent: Sent, message: SentMessage, goal: Goal) -> str:
    """Return why a message has not come as far as was waited for; empty: it has."""
    if message.stage == "expired":
        return "has expired"
    if message.stage == "dead":
        return f"is a dead letter: {one_line(sent.bounced, _DETAIL) or 'see signalpost dead list'}"
    if goal == "reply":
        return _without_reply(sent)
    if _STAGES.index(message.stage) >= _STAGES.index(goal):
        return ""
    return f"{_NOT_REACHED[goal]}; {one_line(message.name, NAME)} is {message.presence}"


def _without_reply(sent: Sent) -> str:
    if sent.reply is not None:
        return ""
    if sent.bounced:
        return f"gets no reply: {one_line(sent.bounced, _DETAIL)}"
    return "has no reply yet; one that comes later waits for you: signalpost receive"
