"""Histories of an inbox under faults are those of a queue: first in, first out. Case 31.

Longer: ``SIGNALPOST_SEEDS=1-100`` with ``-m soak``.
"""

from __future__ import annotations

from itertools import count

import pytest

from signalpost.actors.message import Message
from signalpost.actors.ready import Ready
from signalpost.actors.receiver import Receiver
from tests.simulation.fifo_course import FifoCourse
from tests.simulation.queue_history import History, violation
from tests.simulation.scenario import played
from tests.simulation.test_simulation import seeds

ENOUGH = 100_000


class LongCourse(FifoCourse):
    faulty_seconds = 15.0


def history(seed: int, kind: type[FifoCourse] = FifoCourse) -> History:
    with played(seed, kind) as (course, found):
        assert found.wrong == [], f"SIGNALPOST_SEEDS={seed}: {found.counts}"
        return course.history()


def test_what_eight_programs_do_to_one_inbox_can_have_been_done_in_turn() -> None:
    found = history(4)
    assert violation(found) == ""
    assert found.size > 1000


@pytest.mark.soak
def test_also_in_a_hundred_thousand_operations() -> None:
    size, seed, wrong = 0, 0, dict[int, str]()
    for seed in seeds() if len(seeds()) > 25 else count(1):
        found = history(seed, LongCourse)
        size += found.size
        if fault := violation(found):
            wrong[seed] = fault
        if size > ENOUGH:
            break
    print(f"{size} operations, seeds to {seed}")  # noqa: T201 - what was seen
    assert wrong == {}


def test_an_inbox_that_hands_out_a_later_message_now_and_then_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    numbers = count(1)
    right = Ready._next  # pyright: ignore[reportPrivateUsage]

    def wrong(ready: Ready, receiver: Receiver) -> Message | None:
        in_order = ready.in_order()
        if next(numbers) % 100 == 0 and len(in_order) > 8:
            return in_order[-1]
        return right(ready, receiver)

    monkeypatch.setattr(Ready, "_next", wrong)
    with played(3, FifoCourse) as (course, _):
        assert "overtaken" in violation(course.history())
