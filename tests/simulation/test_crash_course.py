"""One death at every point that a short course passes, one after the other. Cases 11 and 12.

At the broker: before and after each commit, request, answer, start of a command, its death,
what became of it, and publication of its endpoint. At the programs: before and after everything that they say
and hear. ``SIGNALPOST_SEEDS`` chooses other courses.
"""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from tests.simulation.crash_course import CrashCourse
from tests.simulation.failpoints import Aim
from tests.simulation.scenario import run
from tests.simulation.test_simulation import seeds

POINTED = (
    "commit",
    "request",
    "answer",
    "start",
    "death",
    "outcome",
    "publishing",
    "sending",
    "hearing",
)
POINTS = [f"{when} {what}" for what in POINTED for when in ("before", "after")]
SOME = 3
"""So many passings of each point in every run of the tests; all of them by ``make soak``."""


@cache
def passings(seed: int) -> Counter[str]:
    """Return how often each point is passed when nobody dies."""
    return run(seed, CrashCourse).passed


def wrong(seed: int, aims: list[Aim]) -> dict[str, list[str]]:
    """Return what was wrong after a death at each of these points."""
    found = {str(aim): run(seed, CrashCourse, aim).wrong for aim in aims}
    return {aim: faults for aim, faults in found.items() if faults}


@pytest.mark.parametrize("point", POINTS)
def test_a_death_at_some_passings_of_each_point_loses_and_doubles_nothing(point: str) -> None:
    count = passings(1)[point]
    assert count, "nobody passes it"
    chosen = {1 + part * (count - 1) // (SOME - 1) for part in range(SOME)}
    assert wrong(1, [Aim(point, number) for number in sorted(chosen)]) == {}


@pytest.mark.soak
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("seed", seeds()[:3])
def test_nor_does_a_death_at_any_passing_of_any_point(seed: int, point: str) -> None:
    aims = [Aim(point, number) for number in range(1, passings(seed)[point] + 1)]
    assert wrong(seed, aims) == {}


def test_a_death_strikes_once_and_the_same_death_is_the_same_course() -> None:
    aim = Aim("after commit", 20)
    first = run(1, CrashCourse, aim)
    assert first.trace == run(1, CrashCourse, aim).trace
    assert first.trace != run(1, CrashCourse).trace
    assert first.counts.count("2 brokers") == 1
