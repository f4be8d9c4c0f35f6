"""Notices when agents answer each other without end. Pure.

Two signs: a chain of replies that is too long, and too many messages between
two agents within a minute. The second counts what bridges send, and the replies
of programs: models and programs that answer everything make loops, a program
that has much to tell does not.
"""

from __future__ import annotations

from collections import OrderedDict

from ..transport.errors import LoopDetected
from ..transport.messages import SessionKind

MAX_HOPS = 50
"""So many replies may follow one another."""
MAX_PER_MINUTE = 60
"""So many messages two agents may exchange in a minute, both directions together."""
REMEMBERED = 20_000
"""Messages whose place in their chain is known; an older one counts as the first of its chain."""
_MINUTE = 60.0


class LoopGuard:
    """What was sent lately."""

    def __init__(self) -> None:
        self._hops: OrderedDict[str, int] = OrderedDict()  # a dict is slow to find its first item
        self._pairs: dict[tuple[int, int], list[float]] = {}
        """When two agents exchanged their last messages; the longest silent pair first."""

    def check(
        self,
        sender: int | None,
        sender_kind: SessionKind,
        recipient: int,
        in_reply_to: str,
        now: float,
    ) -> int:
        """Count a message; return how many replies lie before it.

        :param sender: number of the agent that sends it, if it is one
        :param now: of the monotonic clock
        :raises LoopDetected: it belongs to a loop
        """
        hops = self._hops.get(in_reply_to, 0) + 1 if in_reply_to else 0
        if hops > MAX_HOPS:
            raise LoopDetected(
                f"{MAX_HOPS} replies follow one another in this exchange; the message became a"
                " dead letter. Stop answering. If there is more to say, let a person decide or"
                " send a new message without in_reply_to."
            )
        if sender is not None and (sender_kind == "bridge" or in_reply_to):
            self._count(sender, sender_kind, recipient, now)
        return hops

    def learn(self, message_id: str, hops: int) -> None:
        """A message was made: its replies come after it."""
        self._hops[message_id] = hops
        if len(self._hops) > REMEMBERED:
            self._hops.popitem(last=False)

    def _count(self, sender: int, sender_kind: SessionKind, recipient: int, now: float) -> None:
        self._forget_silent_pairs(now)
        pair = (min(sender, recipient), max(sender, recipient))
        times = [t for t in self._pairs.get(pair, ()) if t > now - _MINUTE]
        if len(times) >= MAX_PER_MINUTE and sender_kind == "bridge":
            raise LoopDetected(
                f"you and this agent exchanged {len(times)} messages within a minute; the message"
                " became a dead letter. Stop answering what needs no answer, and wait a minute"
                " before you write to it again."
            )
        self._pairs.pop(pair, None)  # so that it comes to the end
        self._pairs[pair] = [*times, now][-MAX_PER_MINUTE:]

    def _forget_silent_pairs(self, now: float) -> None:
        while self._pairs:
            pair, times = next(iter(self._pairs.items()))
            if times[-1] > now - _MINUTE:
                return
            del self._pairs[pair]
