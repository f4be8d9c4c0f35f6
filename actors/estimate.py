"""How long things take: learned durations, and when a waiting task will be through. Pure."""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Sequence

MAX_KEYS = 2_000
RUNS_PER_KEY = 5


class Estimate:
    """The latest durations of each (command, folder); the least recently used pair goes."""

    def __init__(self, max_keys: int = MAX_KEYS) -> None:
        self._max_keys = max_keys
        self._runs: dict[tuple[str, str], deque[float]] = {}  # the latest used is last

    def learn(self, command: str, folder: str, seconds: float) -> None:
        """Remember one successful run."""
        runs = self._touch((command, folder)) or deque(maxlen=RUNS_PER_KEY)
        runs.append(seconds)
        self._runs[command, folder] = runs
        if len(self._runs) > self._max_keys:
            del self._runs[next(iter(self._runs))]

    def expect(self, command: str, folder: str) -> float | None:
        """Return the median of the latest 5 runs in seconds; None: never seen."""
        runs = self._touch((command, folder))
        return _median(runs) if runs else None

    def _touch(self, key: tuple[str, str]) -> deque[float] | None:
        runs = self._runs.pop(key, None)
        if runs:
            self._runs[key] = runs
        return runs


def queue_eta(
    running: Sequence[tuple[float | None, float]],
    ahead: Sequence[float | None],
    own: float | None,
    width: int,
) -> float | None:
    """Return the seconds until a waiting task's end; None: something needed is unknown.

    :param running: (expected, elapsed) seconds of each task that holds a slot
    :param ahead: expected seconds of the waiting tasks before it, in order
    :param own: its own expected seconds
    :param width: slots of the queue
    """
    remaining = sorted(max(0.0, _known(expected) - elapsed) for expected, elapsed in running)
    # Over the width (it was made smaller), the first ones to end free no slot.
    slots = remaining[max(0, len(remaining) - width) :]
    slots += [0.0] * (width - len(slots))
    heapq.heapify(slots)
    for seconds in ahead:
        heapq.heapreplace(slots, slots[0] + _known(seconds))
    end = slots[0] + _known(own)
    return end if math.isfinite(end) else None


def _known(seconds: float | None) -> float:
    """An unknown duration never ends: what hangs on it gets no finite answer."""
    return math.inf if seconds is None else seconds


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return (ordered[middle] + ordered[~middle]) / 2
