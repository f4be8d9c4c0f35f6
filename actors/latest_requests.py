"""Which requests to send may have been served before. Pure.

A client numbers its requests: one with a higher number than its latest is new.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

MAX_CLIENTS = 100_000
"""Those that have sent nothing for longest are forgotten; every command line is one."""
_COUNTER_AT = 8


class LatestRequests:
    """The latest request of each client, in this broker life and in earlier ones."""

    def __init__(self) -> None:
        self._latest: OrderedDict[bytes, bytes] = OrderedDict()  # a dict finds its first slowly

    def __len__(self) -> int:
        return len(self._latest)

    def remember(self, requests: Iterable[bytes]) -> None:
        """Note what earlier lives have served."""
        for request in requests:
            self.note(request)

    def note(self, request_id: bytes) -> bool:
        """Note a request that is served now; False when it may have been served before.

        Then it changes nothing. Should this one come again, its answer may be forgotten.
        """
        client = request_id[:_COUNTER_AT]
        if request_id <= self._latest.get(client, b""):
            return False
        self._latest[client] = request_id
        self._latest.move_to_end(client)
        if len(self._latest) > MAX_CLIENTS:
            self._latest.popitem(last=False)
        return True
