"""The books of one inbox: which messages it has, where each is, and who waits. Pure.

Only :mod:`inbox_moves` changes them.
"""

from __future__ import annotations

from collections.abc import Callable

from .inbox_effects import Effects
from .leases import Leases
from .message import Message
from .ready import MAX_BATCH_BYTES, Ready
from .receiver import Receiver
from .receivers import Receivers
from .senders import Senders

MAX_BYTES = 16 * 1024 * 1024
"""Content and metadata of the unacknowledged messages of one inbox."""


class Books:
    """Where everything is.

    ``_known`` are the open messages, those not yet on disk and those whose
    senders wait; ``_arrived`` those that have become ready and were not yet
    offered to whoever waits; ``_moved`` tells whether any has become ready and
    stayed so since that was last asked.
    """

    def __init__(
        self,
        bound: int,
        lease_seconds: float,
        tokens: Callable[[], bytes],
        seqs: Callable[[], int],
    ) -> None:
        self.bound = bound
        self._tokens = tokens
        self._seqs = seqs
        self._lease_seconds = lease_seconds
        self._unsaved: dict[int, Message] = {}
        self._effects = Effects()
        self.take_effects = self._effects.take
        """Returns what the caller must now do, in order. Each effect is returned once."""
        self._clear()

    def _clear(self) -> None:
        self._known: dict[str, Message] = {}
        self._results: dict[int, Message] = {}
        self._arrived: list[Message] = []
        self._moved = False
        self.depth: int = 0
        """Unacknowledged messages."""
        self._bytes: int = 0
        self._ready = Ready()
        self._leases = Leases(self._lease_seconds)
        self._receivers = Receivers()
        self._senders = Senders()

    @property
    def is_full(self) -> bool:
        return self.depth >= self.bound or self._bytes > MAX_BYTES

    # ------------------------------------------------------------ looking in

    @property
    def in_flight(self) -> int:
        return len(self._leases)

    @property
    def parked(self) -> int:
        return len(self._senders.parked)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is here and nobody waits."""
        if self.depth or self._senders.parked:
            return False
        return not (self._senders.any_waits or self._receivers.any_waits)

    @property
    def has_receiver(self) -> bool:
        """Whether somebody waits for mail of any kind, not just for a reply."""
        return self._receivers.any_receives

    @property
    def oldest(self) -> Message | None:
        """The open message that was accepted first."""
        first = self._ready.first()
        standing = [*self._leases.messages()[:1], *([first] if first else [])]
        return min(standing, key=lambda m: m.seq, default=None)

    @property
    def unread(self) -> int:
        """How many messages nobody holds."""
        return len(self._ready)

    @property
    def unread_tasks(self) -> int:
        """How many of these are of kind ``task``."""
        return self._ready.tasks

    @property
    def newest_unread(self) -> Message | None:
        """The message that nobody holds and that was accepted last."""
        return self._ready.last()

    def unread_by_sender(self) -> dict[str, int]:
        """Return how many messages nobody holds of each name that has sent any."""
        return self._ready.by_sender()

    def take_moved(self) -> bool:
        """Tell whether any message has become ready, and stayed so, since this was last asked."""
        moved, self._moved = self._moved, False
        return moved

    def open_messages(self) -> list[Message]:
        """Return the unacknowledged messages by place."""
        return sorted([*self._ready.in_order(), *self._leases.messages()], key=lambda m: m.seq)

    def knows(self, correlation: bytes) -> bool:
        """Tell whether somebody waits for the answer to this request, or holds what it gave."""
        return correlation in self._receivers or correlation in self._leases

    def find(self, message_id: str) -> Message | None:
        """Return an unacknowledged message."""
        message = self._known.get(message_id)
        return message if message is not None and message.is_open else None

    def peek(self, senders: frozenset[str | int], in_reply_to: str, most: int) -> list[Message]:
        """Return the oldest unacknowledged messages that fit, and take none."""
        looker = Receiver(b"", b"", senders=senders, in_reply_to=in_reply_to)
        found: list[Message] = []
        room = MAX_BATCH_BYTES
        for message in filter(looker.takes, self.open_messages()):
            room -= message.size
            if len(found) == most or (found and room < 0):
                break
            found.append(message)
        return found
