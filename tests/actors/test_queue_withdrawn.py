"""A task that could not be kept is taken back: it never was."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from signalpost.actors.effects import Start
from signalpost.actors.job import Outcome
from signalpost.actors.moment import Moment
from signalpost.actors.queue import Queue
from signalpost.actors.task import Call, Task

NewTask = Callable[..., Task]
NewCall = Callable[..., Call]

DONE = Outcome(reason="exit", exit_code=0)


def at(seconds: float) -> Moment:
    return Moment(seconds, 1000.0 + seconds)


def started(queue: Queue) -> list[int]:
    return [e.task.id for e in queue.take_effects() if isinstance(e, Start)]


@pytest.fixture
def queue() -> Queue:
    return Queue("global", 1, itertools.count(1).__next__)


def test_the_next_gets_the_slot_of_one_that_is_withdrawn(
    queue: Queue, new_task: NewTask, new_call: NewCall
) -> None:
    calls = [new_call() for _ in range(3)]
    tasks = [queue.submit(new_task(), call, at(0)) for call in calls]
    assert started(queue) == [1]
    assert queue.withdraw(1, at(1)) == [calls[0]]
    assert started(queue) == [2]
    assert queue.withdraw(3, at(1)) == [calls[2]]
    assert started(queue) == []
    assert queue.open_tasks() == [tasks[1]]


def test_all_who_share_a_withdrawn_task_are_named_once(
    queue: Queue, new_task: NewTask, new_call: NewCall
) -> None:
    calls = [new_call(), new_call(b"t")]
    for call in calls:
        queue.submit(new_task(key="k"), call, at(0))
    assert queue.withdraw(1, at(1)) == calls
    assert queue.withdraw(1, at(1)) == []
    assert queue.withdraw(99, at(1)) == []


def test_what_was_withdrawn_answers_nobody_later(
    queue: Queue, new_task: NewTask, new_call: NewCall
) -> None:
    queue.submit(new_task(key="k", request_id=b"r"), new_call(), at(0))
    queue.withdraw(1, at(1))
    queue.ended(1, DONE, at(2))
    assert queue.submit(new_task(key="k", request_id=b"r"), new_call(), at(3)).id == 2


def test_a_holder_that_has_ended_is_free_when_its_nested_task_is_withdrawn(
    queue: Queue, new_task: NewTask, new_call: NewCall
) -> None:
    queue.submit(new_task(), new_call(), at(0))
    nested = queue.submit(new_task(parent=1, inside=1), new_call(), at(0))
    queue.ended(1, DONE, at(1))
    queue.withdraw(nested.id, at(2))
    assert queue.open_tasks() == []
