from __future__ import annotations

import pytest

from signalpost.actors.turns import Turns
from signalpost.transport.errors import BadRequest


@pytest.fixture
def turns() -> Turns:
    """Task 1 in queue a asked for 2 in b, which asked for 3 in c; 9 in z is alone."""
    turns = Turns("ee")
    turns.join(1, "a", None)
    turns.join(2, "b", 1)
    turns.join(3, "c", 2)
    turns.join(9, "z", None)
    return turns


def test_a_cookie_names_an_open_task_of_this_broker_life(turns: Turns) -> None:
    assert turns.parent_of(turns.cookie(2)) == 2
    turns.leave(2)
    assert turns.parent_of("2:ee") is None


@pytest.mark.parametrize(
    "cookie", ["", "1", "1:", "1:ff", "x:ee", "-1:ee", ":ee", "1:ee:ee", "²:ee"]
)
def test_any_other_cookie_names_nothing(turns: Turns, cookie: str) -> None:
    assert turns.parent_of(cookie) is None


def test_the_nearest_holder_of_a_queue_is_found_among_the_ancestors(turns: Turns) -> None:
    turns.join(4, "a", 3)
    assert [turns.holder(4, name) for name in "abcz"] == [4, 2, 3, None]
    assert turns.holder(3, "a") == 1
    assert turns.holder(None, "a") is None
    assert turns.holder(77, "a") is None


def test_open_tasks_are_known_by_queue_and_by_who_asked(turns: Turns) -> None:
    assert turns.open_ids() == [1, 2, 3, 9]
    assert (turns.queue_of(3), turns.queue_of(4)) == ("c", None)
    assert [turn.task_id for turn in turns.children(1)] == [2]
    turns.leave(2)
    turns.leave(2)
    assert turns.children(1) == []


def test_another_queue_may_be_waited_for(turns: Turns) -> None:
    turns.check(None, "a")
    turns.check(3, "d")
    turns.check(1, "c")
    turns.check(9, "a")


def test_a_cycle_of_two_queues_is_refused_naming_the_chain() -> None:
    turns = Turns("ee")
    turns.join(1, "a", None)
    turns.join(2, "b", None)
    turns.join(3, "b", 1)  # waits in b while it holds a
    with pytest.raises(BadRequest, match=r"task 2 \(queue b\).*: b waits for a waits for b\."):
        turns.check(2, "a")


def test_a_cycle_over_three_queues_is_refused() -> None:
    turns = Turns("ee")
    for number, name in enumerate("abc", start=1):
        turns.join(number, name, None)
    turns.join(4, "b", 1)
    turns.join(5, "c", 2)
    with pytest.raises(BadRequest, match="c waits for a waits for b waits for c"):
        turns.check(3, "a")


def test_a_cycle_is_broken_when_one_of_its_tasks_ends() -> None:
    turns = Turns("ee")
    turns.join(1, "a", None)
    turns.join(2, "b", None)
    turns.join(3, "b", 1)
    turns.leave(3)
    turns.check(2, "a")


def test_queues_that_wait_in_a_circle_elsewhere_are_walked_once() -> None:
    turns = Turns("ee")
    turns.join(1, "a", None)
    turns.join(2, "b", 1)
    turns.join(3, "a", 2)
    turns.join(4, "c", None)
    turns.check(4, "a")


def test_a_task_that_outlived_a_broker_keeps_the_cookie_of_that_life() -> None:
    turns = Turns("new")
    turns.rejoin(5, "global", 4)
    turns.adopt(5, "5:old")
    turns.rejoin(6, "global", 5)
    assert turns.parent_of("5:old") == 5
    assert turns.parent_of("6:old") is None
    assert (turns.holder(4, "global"), turns.children(4)) == (None, [])
    assert [turn.task_id for turn in turns.children(5)] == [6]
    turns.leave(5)
    assert turns.parent_of("5:old") is None
