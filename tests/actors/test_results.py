from __future__ import annotations

from collections.abc import Callable

import pytest

from signalpost.actors.moment import Moment
from signalpost.actors.results import REUSE_SECONDS, Results
from signalpost.actors.task import Task

NewTask = Callable[..., Task]


def at(seconds: float) -> Moment:
    return Moment(seconds, 1000.0 + seconds)


@pytest.fixture
def ended(new_task: NewTask) -> Callable[[float, str], Task]:
    return lambda seconds, key: new_task(key=key, state="success", ended=at(seconds))


def test_a_result_is_kept_until_it_is_delivered(ended: Callable[[float, str], Task]) -> None:
    results, task = Results(), ended(0, "k")
    results.keep(task, at(0))
    assert results.find("k", at(1)) is task
    assert results.find("k", at(2)) is task
    task.delivered = True
    assert results.find("k", at(3)) is None


def test_a_result_is_kept_for_ten_minutes(ended: Callable[[float, str], Task]) -> None:
    results, task = Results(), ended(0, "k")
    results.keep(task, at(0))
    assert results.find("k", at(REUSE_SECONDS)) is task
    assert results.find("k", at(REUSE_SECONDS + 0.1)) is None


def test_only_the_same_key_finds_it(ended: Callable[[float, str], Task]) -> None:
    results = Results()
    results.keep(ended(0, "k"), at(0))
    assert results.find("other", at(0)) is None
    assert results.find("", at(0)) is None


def test_the_latest_result_of_a_key_counts(ended: Callable[[float, str], Task]) -> None:
    results, latest = Results(), ended(1, "k")
    results.keep(ended(0, "k"), at(0))
    results.keep(latest, at(1))
    assert results.find("k", at(1)) is latest


def test_old_and_delivered_results_do_not_pile_up(ended: Callable[[float, str], Task]) -> None:
    results = Results()
    for number in range(100):
        task = ended(number, str(number))
        results.keep(task, at(number))
        task.delivered = number % 2 == 0
    results.keep(ended(650, "k"), at(650))
    assert (
        len(vars(results)["_tasks"]) == 26
    )  # the undelivered of the last 600 s: 51, 53, … 99, and k
