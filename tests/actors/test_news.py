from __future__ import annotations

from collections.abc import Callable

import pytest

from signalpost.actors.news import PROGRESS_SECONDS, News
from signalpost.actors.task import Call, Task
from signalpost.transport.session import HEARTBEAT_SECONDS, SILENCE_SECONDS

NewTask = Callable[..., Task]
NewCall = Callable[..., Call]


@pytest.fixture
def heard(new_task: NewTask, new_call: NewCall) -> Callable[..., Task]:
    """A task with one call that listens, and one that does not."""

    def make(id: int, **kw: object) -> Task:  # noqa: A002 - the field's name
        task = new_task(id, **kw)
        for call in (new_call(progress=True), new_call()):
            task.calls[call.correlation] = call
        return task

    return make


def ids(told: list[tuple[Call, Task]]) -> list[int]:
    assert all(call.progress for call, _ in told)
    return [task.id for _, task in told]


def test_everybody_who_listens_is_told_first_where_they_stand(heard: Callable[..., Task]) -> None:
    running, waiting = heard(1, state="running"), heard(2)
    assert ids(News().changes([running], [waiting], 0.0)) == [1, 2]


def test_nobody_is_told_the_same_twice(heard: Callable[..., Task]) -> None:
    news, running, waiting = News(), heard(1, state="running"), heard(2)
    news.changes([running], [waiting], 0.0)
    assert news.changes([running], [waiting], 1.0) == []


def test_a_better_place_is_news_for_those_behind_only(heard: Callable[..., Task]) -> None:
    news, running = News(), heard(1, state="running")
    waiting = [heard(number) for number in (2, 3, 4)]
    news.changes([running], waiting, 0.0)
    assert ids(news.changes([running], [waiting[0], waiting[2]], 1.0)) == [4]


def test_another_holder_of_a_slot_is_news_for_all_who_wait(heard: Callable[..., Task]) -> None:
    news, waiting = News(), [heard(3), heard(4)]
    news.changes([heard(1, state="running")], waiting, 0.0)
    other = heard(2, state="running")
    assert ids(news.changes([other], waiting, 1.0)) == [2, 3, 4]


def test_the_start_is_news_for_the_task_that_starts(heard: Callable[..., Task]) -> None:
    news, task = News(), heard(1)
    news.changes([], [task], 0.0)
    task.state = "running"
    assert ids(news.changes([task], [], 1.0)) == [1]


def test_news_come_every_15_seconds_while_somebody_listens(heard: Callable[..., Task]) -> None:
    news, task = News(), heard(1, state="running")
    assert news.next_deadline() is None
    news.changes([task], [], 0.0)
    assert news.next_deadline() == 15.0
    assert news.due([task], 14.9) == []
    assert ids(news.due([task], 15.0)) == [1]
    assert news.next_deadline() == 30.0
    assert news.due([], 31.0) == []
    assert news.next_deadline() is None


def test_a_change_does_not_put_off_the_regular_news(heard: Callable[..., Task]) -> None:
    news = News()
    news.changes([heard(1, state="running")], [], 0.0)
    news.changes([heard(2, state="running")], [], 10.0)
    assert news.next_deadline() == 15.0


def test_where_nobody_listens_nothing_is_due(new_task: NewTask) -> None:
    news = News()
    assert news.changes([new_task(1, state="running")], [new_task(2)], 0.0) == []
    assert news.next_deadline() is None


def test_progress_comes_before_a_heartbeat_is_due_so_that_this_can_ride_on_it() -> None:
    assert PROGRESS_SECONDS < HEARTBEAT_SECONDS < SILENCE_SECONDS
