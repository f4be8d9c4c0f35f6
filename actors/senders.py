"""Those who wait at an inbox for what becomes of their messages. Pure.

(full) park ──> parked, in a line ── room ──> waiting for a stage ──> told
                    └── ``park`` passes ──> refused
"""

from __future__ import annotations

from collections import OrderedDict
from math import inf

from .message import Message, SendCall

SLACK = 16


class Senders:
    """Parked senders in order, and accepted messages whose senders wait for a stage."""

    def __init__(self) -> None:
        self.parked: OrderedDict[str, Message] = OrderedDict()
        """Those that wait for room, in order; others only look."""
        self._waiting: dict[bytes, Message] = {}
        self._kept = 0
        self.look_at = inf
        """When somebody's time is over, or earlier."""

    # ------------------------------------------------------------ who waits for room

    def park(self, message: Message, call: SendCall) -> None:
        """Let a message wait for room: behind the others, or where it stands already."""
        message.call = call
        self.parked.setdefault(message.id, message)
        self._watch(call.park)

    def next_parked(self) -> Message:
        """Take out the message that has waited longest for room."""
        return self.parked.popitem(last=False)[1]

    def unpark_all(self) -> list[Message]:
        """Take out all that wait for room, in order."""
        return [self.next_parked() for _ in range(len(self.parked))]

    # ------------------------------------------------------------ who waits for a stage

    @property
    def any_waits(self) -> bool:
        return bool(self._waiting) and any(
            m.call and not m.call.answered for m in self._waiting.values()
        )

    def waiting(self) -> list[Message]:
        """Return the accepted messages whose senders wait for a stage."""
        return list(self._waiting.values())

    def wait(self, message: Message, call: SendCall) -> None:
        """Let a sender wait for what becomes of an accepted message."""
        if message.call is not None:
            self.release(message)
        message.call = call
        self._waiting[call.correlation] = message
        if call.deadline is not None:
            self._watch(call.deadline)

    def release(self, message: Message) -> None:
        """Nobody waits for what becomes of this message."""
        call, message.call = message.call, None
        if call is not None and self._waiting.get(call.correlation) is message:
            del self._waiting[call.correlation]

    def answered(self) -> list[Message]:
        """Return messages whose senders were answered from another inbox, before they are many."""
        if len(self._waiting) <= 2 * self._kept + SLACK:
            return []
        found = [m for m in self._waiting.values() if m.call and m.call.answered]
        self._kept = len(self._waiting) - len(found)
        return found

    # ------------------------------------------------------------ who gives up, and when

    def pop(self, correlation: bytes) -> Message | None:
        """Somebody waits no more: return the accepted message that it waited for."""
        for message in list(self.parked.values()):
            if message.call and message.call.correlation == correlation:
                del self.parked[message.id]
        waiting = self._waiting.get(correlation)
        if waiting is not None:
            self.release(waiting)
        return waiting

    def leave(self, session: bytes) -> list[Message]:
        """A session waits no more: return the accepted messages that it waited for."""
        waiting = [*self.parked.values(), *self._waiting.values()]
        calls = [m.call for m in waiting if m.call and m.call.session == session]
        popped = [self.pop(call.correlation) for call in calls]
        return [message for message in popped if message is not None]

    def overdue(self, now: float) -> tuple[list[Message], list[Message]]:
        """Take out those who have waited long enough for room; return the others due as well.

        :returns: messages that were not accepted, and accepted ones that have a stage to tell
        """
        if now < self.look_at:
            return [], []
        refused = [m for m in self.parked.values() if m.call and _is_due(m.call.park, now)]
        for message in refused:
            del self.parked[message.id]
        due = [m for m in self._waiting.values() if m.call and _is_due(m.call.deadline, now)]
        self.look_at = inf
        for message in self.parked.values():
            self._watch(message.call.park if message.call else None)
        for message in self._waiting.values():
            if message.call and not _is_due(message.call.deadline, now):
                self._watch(message.call.deadline)
        return refused, due

    def shift(self, gap: float) -> None:
        """Nobody could do anything for so long."""
        self.look_at += gap
        for message in [*self.parked.values(), *self._waiting.values()]:
            call = message.call
            if call is not None:
                call.park = None if call.park is None else call.park + gap
                call.deadline = None if call.deadline is None else call.deadline + gap

    def _watch(self, deadline: float | None) -> None:
        if deadline is not None:
            self.look_at = min(self.look_at, deadline)


def _is_due(deadline: float | None, now: float) -> bool:
    return deadline is not None and deadline <= now
