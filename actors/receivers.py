"""Those who wait at an inbox for mail. Pure."""

from __future__ import annotations

from math import inf

from .message import Message
from .receiver import Receiver

SLACK = 16


class Receivers:
    """First come, first served; but a reply goes to the ``send`` that awaits it."""

    def __init__(self) -> None:
        self._all: dict[bytes, Receiver] = {}
        self._plain: dict[bytes, Receiver] = {}
        self._asking: dict[str, Receiver] = {}
        self._kept = 0
        self.look_at = inf
        """When somebody's time is over, or earlier."""

    def __len__(self) -> int:
        return len(self._all)

    def __contains__(self, correlation: bytes) -> bool:
        return correlation in self._all

    @property
    def any_waits(self) -> bool:
        return bool(self._all) and any(not r.is_answered for r in self._all.values())

    @property
    def any_receives(self) -> bool:
        """Whether somebody waits for mail of any kind, not just for a reply."""
        return bool(self._plain)

    def plain(self) -> list[Receiver]:
        """Return those who do not await a reply, in order of arrival."""
        return list(self._plain.values())

    def all(self) -> list[Receiver]:
        """Return everybody, in order of arrival."""
        return list(self._all.values())

    def asking(self, reply: Message) -> Receiver | None:
        """Return the waiting ``send`` whose reply this is."""
        asker = self._asking.get(reply.in_reply_to) if reply.in_reply_to else None
        return asker if asker and not asker.is_answered and asker.takes(reply) else None

    def first_for(self, message: Message) -> Receiver | None:
        """Return whoever is to get a message that has just come."""
        if not self._all:
            return None
        asker = self.asking(message)
        return asker or next((r for r in self._plain.values() if r.takes(message)), None)

    def add(self, receiver: Receiver) -> None:
        """Let somebody wait, behind the others."""
        self.pop(receiver.correlation)
        self._sweep()
        self._all[receiver.correlation] = receiver
        if receiver.awaits is None:
            self._plain[receiver.correlation] = receiver
        else:
            self._asking[receiver.in_reply_to] = receiver
        if receiver.deadline is not None:
            self.look_at = min(self.look_at, receiver.deadline)

    def pop(self, correlation: bytes) -> None:
        """Somebody waits no more, if ever."""
        receiver = self._all.pop(correlation, None)
        self._plain.pop(correlation, None)
        if receiver is not None and self._asking.get(receiver.in_reply_to) is receiver:
            del self._asking[receiver.in_reply_to]

    def leave(self, session: bytes) -> None:
        """A session waits no more."""
        for receiver in self.all():
            if receiver.session == session:
                self.pop(receiver.correlation)

    def overdue(self, now: float) -> list[Receiver]:
        """Return those whose time is over."""
        if now < self.look_at:
            return []
        timed = [(r.deadline, r) for r in self._all.values() if r.deadline is not None]
        self.look_at = min((at for at, _ in timed if at > now), default=inf)
        return [r for at, r in timed if at <= now]

    def shift(self, gap: float) -> None:
        """Nobody could do anything for so long."""
        self.look_at += gap
        for receiver in self._all.values():
            if receiver.deadline is not None:
                receiver.deadline += gap

    def _sweep(self) -> None:
        """Forget those who were answered from another inbox, before they are many."""
        if len(self._all) > 2 * self._kept + SLACK:
            for receiver in self.all():
                if receiver.is_answered:
                    self.pop(receiver.correlation)
            self._kept = len(self._all)
