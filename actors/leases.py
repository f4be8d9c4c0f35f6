"""The messages of an inbox that somebody holds, and until when. Pure.

granted ──> renewed by extend, or because the agent works ──> ends after ``seconds``
   └────────────────── at the latest after 24 h ──────────────────┘
"""

from __future__ import annotations

from math import inf

from ..transport.errors import StaleLease
from ..transport.letters import Held, Settled
from .message import Lease, Message

CEILING_SECONDS = 24 * 3600.0
"""No lease lasts longer, however often it is renewed."""
STALE = (
    "you do not hold it: it was acknowledged, has expired, or goes to whoever asks next."
    " Do nothing more about it; receive_message offers it again if it is still there."
)


class Leases:
    """Leased messages by their ids, and by the request that each lease answered."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._messages: dict[str, Message] = {}
        self._answers: dict[bytes, list[Message]] = {}
        self._renewed_at = -inf
        self.look_at = inf
        """When a lease may end, or earlier. Looking at all of them is worth it only then."""

    def __len__(self) -> int:
        return len(self._messages)

    def __contains__(self, correlation: bytes) -> bool:
        return correlation in self._answers

    def messages(self) -> list[Message]:
        """Return all, by their places."""
        return sorted(self._messages.values(), key=lambda m: m.seq)

    def add(self, message: Message, lease: Lease) -> None:
        """A message is held under this lease, which it has."""
        self._messages[message.id] = message
        self._answers.setdefault(lease.correlation, []).append(message)
        self.look_at = min(self.look_at, self._end_of(lease))

    def remove(self, message: Message) -> None:
        """A message is not held any more; it still has the lease that it was held under."""
        del self._messages[message.id]
        correlation = message.lease.correlation if message.lease else b""
        self._answers[correlation].remove(message)
        if not self._answers[correlation]:
            del self._answers[correlation]

    def held(self, session: bytes, held: Held) -> tuple[Message, Lease] | None:
        """Return what a session says it holds, if it does."""
        message = self._messages.get(held.message_id)
        if message is None or message.lease is None or message.lease.session != session:
            return None
        if held.lease and held.lease != message.lease.token:
            return None
        return message, message.lease

    def extend(self, session: bytes, held: Held, now: float) -> Settled:
        """Renew a lease, if the session has it."""
        found = self.held(session, held)
        if found is not None:
            found[1].renewed = now
        return settled(held, took_effect=found is not None)

    def answered(self, correlation: bytes, session: bytes | None = None) -> list[Message]:
        """Return what the answer to a request gave and is still held, by place.

        :param session: whose request it was; None: anybody's
        """
        messages = sorted(self._answers.get(correlation, ()), key=lambda m: m.seq)
        return [m for m in messages if m.lease and session in (None, m.lease.session)]

    def of(self, session: bytes) -> list[Message]:
        """Return what a session holds, by place."""
        return [m for m in self.messages() if m.lease and m.lease.session == session]

    def ended(self, now: float, renewed_at: float) -> list[Message]:
        """Return the messages whose lease is over.

        :param renewed_at: when the agent last showed that it works
        """
        self._renewed_at = max(self._renewed_at, renewed_at)
        if now < self.look_at:
            return []
        ends = [(self._end_of(m.lease), m) for m in self.messages() if m.lease]
        self.look_at = min((end for end, _ in ends if end > now), default=inf)
        return [m for end, m in ends if end <= now]

    def shift(self, gap: float) -> None:
        """Nobody could do anything for so long."""
        self._renewed_at += gap
        self.look_at += gap
        for message in self._messages.values():
            if message.lease is not None:
                message.lease.since += gap
                message.lease.renewed += gap

    def _end_of(self, lease: Lease) -> float:
        renewed = max(lease.renewed, self._renewed_at)
        return min(renewed + self._seconds, lease.since + CEILING_SECONDS)


def settled(held: Held, *, took_effect: bool) -> Settled:
    """Return what is said of one message of a request about leases."""
    if took_effect:
        return Settled(message_id=held.message_id)
    return Settled(message_id=held.message_id, code=StaleLease.code, detail=STALE)
