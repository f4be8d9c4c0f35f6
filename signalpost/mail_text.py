"""Messages as people and programs read them on the command line. Pure.

A program gets the envelope that gptqueue's programs know, and what Signalpost
adds beside it. A person gets one line and the body below it, moved in, so that
no body can be taken for the line of another message.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from .mcp_bridge.mail_fields import Json, message_fields
from .mcp_bridge.progress_text import duration
from .mcp_bridge.ring_text import ring_words
from .transport.letters import Delivery, StoredMessage
from .transport.safe_text import one_line, safe_text

STORED_HEADINGS = ("SENT", "ID", "FROM", "TO", "TYPE", "STATE", "TEXT")
DEAD_HEADINGS = ("SENT", "ID", "FROM", "TO", "TYPE", "REASON", "TEXT")
WAITING_HEADINGS = ("ID", "FROM", "TYPE", "AGE", "ATTEMPT", "STATE", "TEXT")

NAME, FIRST_WORDS = 64, 80
_DETAIL, _REASON = 200, 80
_MARGIN = "  "


def readable(message: Delivery) -> str:
    """Return a delivery as a person reads it: what it is, then its body, moved in."""
    body = safe_text(message.content).split("\n")
    return "\n".join([_envelope_line(message), *(f"{_MARGIN}{line}".rstrip() for line in body)])


def delivery_fields(message: Delivery) -> Json:
    """Return a delivery as JSON values, its content unaltered."""
    return {
        **message_fields(message),
        "attempt": message.attempt,
        "redelivered": message.redelivered,
    }


def stored_fields(message: StoredMessage) -> Json:
    """Return a message of the store as JSON values."""
    return {
        **message_fields(message),
        "sent_at": message.sent_at,
        "state": message.state,
        "attempts": message.attempts,
        "delivered_at": message.delivered_at,
        "ended_at": message.ended_at,
        "reason": message.reason,
        "rings": msgspec.to_builtins(message.rings),
    }


def stored_row(message: StoredMessage) -> tuple[str, ...]:
    """Return the cells under :data:`STORED_HEADINGS`."""
    state: str = message.state
    if message.rings and state == "ready":
        state = f"{state}, {ring_words(message.rings[0])}"
    return (*_who(message), state, first_words(message.content))


def dead_row(message: StoredMessage) -> tuple[str, ...]:
    """Return the cells under :data:`DEAD_HEADINGS`."""
    reason = one_line(message.reason, _REASON) or "-"
    return (*_who(message), reason, first_words(message.content))


def waiting_row(message: Delivery, *, leased: bool, now: float) -> tuple[str, ...]:
    """Return the cells under :data:`WAITING_HEADINGS`.

    :param now: Unix seconds
    """
    return (
        one_line(message.id, NAME),
        one_line(message.sender, NAME),
        message.kind,
        duration(now - message.sent_at),
        str(message.attempt),
        "leased" if leased else "ready",
        first_words(message.content),
    )


def first_words(content: str) -> str:
    """Return the beginning of a body in one harmless line."""
    return one_line(content[: 4 * FIRST_WORDS], FIRST_WORDS)


def local_time(seconds: float) -> str:
    """Return Unix seconds in this machine's zone, so that ``--before`` can read it."""
    return f"{datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d %H:%M:%S}"


def _who(message: StoredMessage) -> Sequence[str]:
    return (
        local_time(message.sent_at),
        one_line(message.id, NAME),
        one_line(message.sender, NAME),
        one_line(message.to, NAME),
        message.kind,
    )


def _envelope_line(message: Delivery) -> str:
    parts = [
        f"{one_line(message.id, NAME)}  {local_time(message.sent_at)}  {message.kind}",
        f"from {one_line(message.sender, NAME)} to {one_line(message.to, NAME)}",
    ]
    if message.in_reply_to:
        parts.append(f"in reply to {one_line(message.in_reply_to, NAME)}")
    if message.redelivered:
        parts.append(f"again, attempt {message.attempt}")
    if message.metadata:
        parts.append(f"metadata {one_line(message.metadata, _DETAIL)}")
    return "  ".join(parts)
