"""The messages of an inbox that nobody holds, by their places. Pure.

A message that comes back stands where it stood, for every message has its
place for life. The replies to one message have a lane of their own, and so have
those of one sender once somebody wants them alone, until all are gone: who filters
does not look at the others' mail, and where nobody does nothing is spent on it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from math import inf
from typing import TypeVar

from .lane import Lane
from .message import Message
from .moment import Moment
from .receiver import Receiver

MAX_BATCH_BYTES = 4 * 1024 * 1024
"""Content and metadata that one receiver takes at once, unless one message alone is more."""

Messages = Lane[int, Message]


class Ready:
    """Strict order of acceptance, whoever asks."""

    __slots__ = ("_all", "_by_question", "_by_sender", "_mortal", "look_at", "tasks")

    def __init__(self) -> None:
        self._all: Messages = Lane()
        self._by_sender: dict[str | int, Messages] | None = None
        """None: nobody has asked for the mail of one sender yet."""
        self._by_question: dict[str, Messages] = {}
        self._mortal: Lane[tuple[float, int], Message] = Lane()
        self.tasks = 0
        """How many are of kind ``task``."""
        self.look_at = inf
        """When the time to live of a message ends, or earlier."""

    def __len__(self) -> int:
        return len(self._all)

    def add(self, message: Message) -> None:
        """Put a message at its place."""
        self._all.add(message.seq, message)
        self.tasks += message.kind == "task"
        if self._by_sender is not None:
            _add_by_sender(self._by_sender, message)
        if message.in_reply_to:
            _add(self._by_question, message.in_reply_to, message)
        if message.expires is not None:
            self._mortal.add((message.expires, message.seq), message)
            self.look_at = min(self.look_at, message.expires)

    def remove(self, message: Message) -> None:
        """Take a message out."""
        self._all.remove(message.seq)
        self.tasks -= message.kind == "task"
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

    def last(self) -> Message | None:
        """Return the newest."""
        return self._all.last()

    def by_sender(self) -> dict[str, int]:
        """Return how many there are of each sender, by name."""
        return dict(Counter(message.sender for message in self._all.in_order()))

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

    def overdue(self, now: Moment) -> Message | None:
        """Return the message whose time to live ended first, if any has."""
        first = self._mortal.first()
        self.look_at = inf if first is None or first.expires is None else first.expires
        return first if self.look_at <= now.mono else None

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
                _add_by_sender(self._by_sender, message)
        return self._by_sender


_NONE: Messages = Lane()
K = TypeVar("K", bound=Hashable)


def _first(lane: Messages, receiver: Receiver) -> Message | None:
    first = lane.first()
    if first is None or receiver.takes(first):
        return first
    return next((m for m in lane.in_order() if receiver.takes(m)), None)


def _add(lanes: dict[K, Messages], name: K, message: Message) -> None:
    lane = lanes.get(name)
    if lane is None:
        lane = lanes[name] = Lane()
    lane.add(message.seq, message)


def _add_by_sender(lanes: dict[str | int, Messages], message: Message) -> None:
    for sender in message.senders:
        _add(lanes, sender, message)


def _remove(lanes: dict[K, Messages], name: K, seq: int) -> None:
    lanes[name].remove(seq)
    if not lanes[name]:
        del lanes[name]
