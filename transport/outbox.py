"""What is to be sent: in order for each peer, also for one that reads too slowly. Pure."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

logger = logging.getLogger(__name__)

STALLED_LIMIT = 10_000

Outgoing = tuple[bytes, bytes, bytes]
"""Identity, header, payload."""


class Outbox:
    """Messages in the order posted. Those of a stalled peer wait until it speaks again.

    ``dropped`` is called with a peer for which too many waited. Until it speaks, nothing more
    is kept for it.
    """

    def __init__(self, dropped: Callable[[bytes], object]) -> None:
        self._dropped = dropped
        self._due: deque[Outgoing] = deque()
        self._stalled: dict[bytes, deque[Outgoing] | None] = {}
        """None: what waited was dropped."""

    def __bool__(self) -> bool:
        """Whether something is due."""
        return bool(self._due)

    def post(self, outgoing: Outgoing) -> None:
        """Add a message; behind the others of its peer if that one is stalled."""
        if self._stalled and outgoing[0] in self._stalled:
            self.stall(outgoing)
        else:
            self._due.append(outgoing)

    def take(self) -> Outgoing | None:
        """Take out the next message to send."""
        while self._due:
            outgoing = self._due.popleft()
            if outgoing[0] not in self._stalled:
                return outgoing
            self.stall(outgoing)  # one before it had to wait: it must not overtake that
        return None

    def stall(self, outgoing: Outgoing) -> None:
        """Keep a message that its peer was too slow for.

        A peer that reads nothing loses what waits for it, so that memory stays bounded:
        it has to ask again for what it missed.
        """
        waiting = self._stalled.setdefault(outgoing[0], deque())
        if waiting is None:
            return
        waiting.append(outgoing)
        if len(waiting) > STALLED_LIMIT:
            logger.warning("a peer reads nothing: %d messages for it dropped", len(waiting))
            self._stalled[outgoing[0]] = None
            self._dropped(outgoing[0])

    def retry(self, identity: bytes) -> None:
        """A peer has spoken, so it lives: what waited for it is due, oldest first."""
        waiting = self._stalled.pop(identity, None) if self._stalled else None
        if waiting:
            self._due.extendleft(reversed(waiting))

    def forget(self, identity: bytes) -> None:
        """A peer is gone."""
        self._stalled.pop(identity, None)
