"""The messages of an inbox that nobody holds, by their places. Pure.

A message that comes back stands where it stood, for every message has its
place for life. Those of one sender, and the replies to one message, have lanes
of their own, so that who filters does not look at the others' mail. Few ask for
one sender's: there are no lanes by sender before somebody does, nor when all are gone.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeVar

from .lane import Lane
from .message import Message
from .receiver import Receiver

MAX_BATCH_BYTES = 4 * 1024 * 1024
"""Content and metadata that one receiver takes at once, unless one message alone is more."""

Messages = Lane[int, Message]


class Ready:
    """Strict order of acceptance, whoever asks."""

    __slots__ = ("_all", "_by_question", "_by_sender", "_mortal")

    def __init__(self) -> None:
        self._all: Messages = Lane()
        self._by_sender: dict[str | int, Messages] | None = None
        self._by_question: dict[str, Messages] = {}
        self._mortal: Lane[tuple[float, int], Message] = Lane()

    def __len__(self) -> int:
        return len(self._all)

    def add(self, message: Message) -> None:
        """Put a message at its place."""
        self._all.add(message.seq, message)
        if self._by_sender is not None:
            _sort_in(self._by_sender, message)
        if message.in_reply_to:
            lane = self._by_question.setdefault(message.in_reply_to, Lane())
            lane.add(message.seq, message)
        if message.expires is not None:
            self._mortal.add((message.expires, message.seq), message)

    def remove(self, message: Message) -> None:
        """Take a message out."""
        self._all.remove(message.seq)
        if self._by_sender is not None:
            for sender in message.senders:
                _remove(self._by_sender, sender, message.seq)
            self._by_sender = self._by_sender or None
        if message.in_reply_to:
            _remove(self._by_question, message.in_reply_to, message.seq)
        if message.expires is not None:
            self._mortal.remove((message.expires, message.seq))

    def first(self) -> Message | None:
        """Return the oldest."""
        return self._all.first()

    def in_order(self) -> list[Message]:
        """Return all, oldest first."""
        return self._all.in_order()

    def take(self, receiver: Receiver) -> list[Message]:
        """Take out what a receiver gets, oldest first."""
        taken: list[Message] = []
        room = MAX_BATCH_BYTES
        while len(taken) < receiver.most and (message := self._next(receiver)):
            room -= message.size
            if taken and room < 0:
                break
            self.remove(message)
            taken.append(message)
        return taken

    def next_to_expire(self) -> Message | None:
        """Return the message whose time to live ends first."""
        return self._mortal.first()

    def _next(self, receiver: Receiver) -> Message | None:
        if receiver.in_reply_to:
            return _first(self._by_question.get(receiver.in_reply_to, _NONE), receiver)
        if not receiver.senders:
            return self._all.first()
        by_sender = self._lanes_by_sender()
        lanes = (by_sender.get(sender, _NONE) for sender in receiver.senders)
        firsts = (first for lane in lanes if (first := lane.first()) is not None)
        return min(firsts, key=lambda m: m.seq, default=None)

    def _lanes_by_sender(self) -> dict[str | int, Messages]:
        if self._by_sender is None:
            self._by_sender = {}
            for message in self._all.in_order():
                _sort_in(self._by_sender, message)
        return self._by_sender


_NONE: Messages = Lane()
K = TypeVar("K", bound=Hashable)


def _first(lane: Messages, receiver: Receiver) -> Message | None:
    first = lane.first()
    if first is None or receiver.takes(first):
        return first
    return next((m for m in lane.in_order() if receiver.takes(m)), None)


def _sort_in(lanes: dict[str | int, Messages], message: Message) -> None:
    for sender in message.senders:
        lanes.setdefault(sender, Lane()).add(message.seq, message)


def _remove(lanes: dict[K, Messages], name: K, seq: int) -> None:
    lanes[name].remove(seq)
    if not lanes[name]:
        del lanes[name]
