"""Whether what clients did to a queue can have been done one after the other, first in, first out.

A history has each value put in once. It is linearizable if none of four patterns
occurs (Henzinger, Sezgin, Vafeiadis 2013): out before it was in, out twice, overtaken,
and found empty although something was in there all the while. That takes n log n
steps; the exhaustive search beside it (Wing and Gong) is for small histories.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

EVER = math.inf


@dataclass(frozen=True)
class Put:
    """``end`` is infinite if nobody was told: it may be in there or not."""

    value: str
    start: float
    end: float


@dataclass(frozen=True)
class Got:
    """``value`` is None if the queue was found empty."""

    value: str | None
    start: float
    end: float


@dataclass
class History:
    """What was done, in any order. ``ends``: from these times on a value may be hidden."""

    puts: dict[str, Put] = field(default_factory=dict[str, Put])
    gots: list[Got] = field(default_factory=list[Got])
    ends: list[float] = field(default_factory=list[float])

    @property
    def size(self) -> int:
        return len(self.puts) + len(self.gots)


def violation(history: History) -> str:
    """Return what is wrong with it, or nothing."""
    got: dict[str, Got] = {}
    for each in history.gots:
        if each.value is None:
            continue
        put = history.puts.get(each.value)
        if put is None or each.end < put.start:
            return f"{each} before it was put in"
        if each.value in got:
            return f"{each} again"
        got[each.value] = each
    return _overtaken(history, got) or _wrongly_empty(history, got)


def _overtaken(history: History, got: dict[str, Got]) -> str:
    """A value was in before another was begun, and out only after that was out."""
    known = sorted(
        (put.end, got[value].start if value in got else EVER, value)
        for value, put in history.puts.items()
        if put.end < EVER
    )
    ends = [end for end, _, _ in known]
    latest = list(accumulate(((start, value) for _, start, value in known), max))
    for value, out in got.items():
        before = bisect.bisect_left(ends, history.puts[value].start) - 1
        if before >= 0 and latest[before][0] > out.end:
            return f"{latest[before][1]} was overtaken by {value}"
    return ""


def _wrongly_empty(history: History, got: dict[str, Got]) -> str:
    """At every moment of the looking some value was surely in there."""
    sure = _sure(history, got)
    starts = [start for start, _ in sure]
    furthest = list(accumulate((end for _, end in sure), max))
    for each in history.gots:
        if each.value is None and _covered(each, starts, furthest):
            return f"{each} although it was never empty"
    return ""


def _sure(history: History, got: dict[str, Got]) -> list[tuple[float, float]]:
    ends = sorted(history.ends)
    found: list[tuple[float, float]] = []
    for value, put in history.puts.items():
        if put.end == EVER:
            continue
        out = got[value].start if value in got else EVER
        cut = bisect.bisect_left(ends, put.end)
        until = min(out, ends[cut] if cut < len(ends) else EVER)
        if put.end < until:
            found.append((put.end, until))
    return sorted(found)


def _covered(each: Got, starts: Sequence[float], furthest: Sequence[float]) -> bool:
    moment = each.start
    while True:
        last = bisect.bisect_left(starts, moment) - 1
        if last < 0 or furthest[last] <= moment:
            return False
        if furthest[last] >= each.end:
            return True
        moment = furthest[last]


def is_linearizable(history: History) -> bool:
    """Try every order. For small histories only."""
    steps: list[Put | Got] = [*history.puts.values(), *history.gots]
    seen: set[tuple[frozenset[int], tuple[str, ...]]] = set()

    def go(done: frozenset[int], queue: tuple[str, ...]) -> bool:
        left = [n for n in range(len(steps)) if n not in done]
        first = min((steps[n].end for n in left), default=EVER)
        if first == EVER:
            return True
        if (done, queue) in seen:
            return False
        seen.add((done, queue))
        return any(
            go(done | {n}, after)
            for n in left
            if steps[n].start <= first and (after := _after(steps[n], queue)) is not None
        )

    return go(frozenset(), ())


def _after(step: Put | Got, queue: tuple[str, ...]) -> tuple[str, ...] | None:
    if isinstance(step, Put):
        return (*queue, step.value)
    if step.value is None:
        return None if queue else queue
    return queue[1:] if queue[:1] == (step.value,) else None
