"""A message as a stored row, and a stored row as a message and as callers see it. Pure.

Limits of a message are on the monotonic clock, which begins anew with the
machine; in the store they are times of day.
"""

from __future__ import annotations

from ..transport.letters import Ring, StoredMessage
from .message import Message
from .message_row import MessageRow
from .moment import Moment


def row_of(message: Message, now: Moment) -> MessageRow:
    """Return what is kept of a message. Who holds it and who waits for it never are."""
    expires, delivered, ended = message.expires, message.delivered, message.ended
    return MessageRow(
        seq=message.seq,
        id=message.id,
        agent_id=message.agent_id,
        sender=message.sender,
        sender_id=message.sender_id,
        recipient=message.to,
        kind=message.kind,
        in_reply_to=message.in_reply_to,
        hops=message.hops,
        request_id=message.request_id,
        task_id=message.task_id,
        sent_at=message.sent.wall,
        expires_at=None if expires is None else expires - now.mono + now.wall,
        state=message.state,
        attempts=message.attempts,
        deliveries=message.deliveries,
        delivered_at=delivered.wall if delivered else None,
        ended_at=ended.wall if ended else None,
        reason=message.reason,
        metadata=message.metadata,
        content=message.content,
    )


def message_of(row: MessageRow, now: Moment) -> Message:
    """Return the message of an earlier broker life.

    Nobody holds it any more, and that is not counted: an open one is ready.
    """
    expires = row.expires_at
    return Message(
        seq=row.seq,
        id=row.id,
        agent_id=row.agent_id,
        sender=row.sender,
        sender_id=row.sender_id,
        to=row.recipient,
        kind=row.kind,
        content=row.content,
        request_id=row.request_id,
        sent=_moment_of(row.sent_at, now),
        metadata=row.metadata,
        in_reply_to=row.in_reply_to,
        hops=row.hops,
        task_id=row.task_id,
        expires=None if expires is None else expires - now.wall + now.mono,
        state="ready" if row.is_open else row.state,
        attempts=row.attempts,
        deliveries=row.deliveries,
        stored=True,
        delivered=None if row.delivered_at is None else _moment_of(row.delivered_at, now),
        ended=None if row.ended_at is None else _moment_of(row.ended_at, now),
        reason=row.reason,
    )


def stored_message(row: MessageRow, rings: list[Ring]) -> StoredMessage:
    """Return a stored message as callers see it."""
    return StoredMessage(
        id=row.id,
        sender=row.sender,
        to=row.recipient,
        kind=row.kind,
        content=row.content,
        metadata=row.metadata,
        in_reply_to=row.in_reply_to,
        sent_at=row.sent_at,
        state=row.state,
        attempts=row.attempts,
        delivered_at=row.delivered_at,
        ended_at=row.ended_at,
        reason=row.reason,
        rings=rings,
    )


def _moment_of(wall: float, now: Moment) -> Moment:
    return Moment(wall - now.wall + now.mono, wall)
