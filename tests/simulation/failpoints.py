"""Named points that a simulated machine passes, and what strikes at one passing of one of them.

The points are before and after each commit, request, answer, start of a command,
its death, its outcome and publication at the broker, and each sending and hearing of a program. Every
passing is counted; so one run without a strike tells how many there are, and
then each can be struck in turn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

Strike = Callable[[], None]


@dataclass(frozen=True)
class Aim:
    """The ``number``-th passing of a point, from 1 on."""

    point: str
    number: int

    def __str__(self) -> str:
        return f"{self.point} {self.number}"


class Failpoints:
    """Those of one machine."""

    def __init__(self, aim: Aim | None = None) -> None:
        self.passed: Counter[str] = Counter()
        self.aim = aim
        self.struck = False

    def passing(self, point: str, strike: Strike) -> None:
        """This point is passed now: strike if it is aimed at."""
        self.passed[point] += 1
        if self.aim == Aim(point, self.passed[point]):
            self.struck = True
            strike()
