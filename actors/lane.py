"""Things in an order: the first is asked for, and any may leave. Pure.

A heap that forgets late. What has left is passed over when it comes up, and
swept out when it is the greater part: so nothing costs a walk along the line.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Generic, TypeVar

K = TypeVar("K", int, tuple[float, int])
T = TypeVar("T")

SLACK = 16
"""Below so many it is not worth sweeping."""


class Lane(Generic[K, T]):
    """Ordered by key, the smallest first."""

    __slots__ = ("_heap", "_items")

    def __init__(self) -> None:
        self._heap: list[K] = []
        self._items: dict[K, T] = {}

    def __len__(self) -> int:
        return len(self._items)

    def add(self, key: K, item: T) -> None:
        """Put something at its place."""
        heappush(self._heap, key)
        self._items[key] = item

    def remove(self, key: K) -> None:
        """Take something out, wherever it stands."""
        del self._items[key]
        if len(self._heap) > 2 * len(self._items) + SLACK:
            self._heap = sorted(self._items)

    def first(self) -> T | None:
        """Return what stands first; None: there is nothing."""
        while self._heap and self._heap[0] not in self._items:
            heappop(self._heap)
        return self._items[self._heap[0]] if self._heap else None

    def last(self) -> T | None:
        """Return what stands last, after a look at all; None: there is nothing."""
        return self._items[max(self._items)] if self._items else None

    def in_order(self) -> list[T]:
        """Return everything, first things first."""
        return [self._items[key] for key in sorted(self._items)]
