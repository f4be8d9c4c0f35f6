from __future__ import annotations

import pytest

from signalpost.actors.effects import Finished, Queued, Start, Tell
from signalpost.actors.queue import Queue
from signalpost.actors.task import Task
from tests.actors.queue_words import NewCall, NewTask, at, kinds


@pytest.fixture
def restored(queue: Queue, new_task: NewTask) -> list[Task]:
    """Three tasks that waited when the broker died, put back out of order."""
    tasks = [new_task(number, request=None, created=at(-60)) for number in (11, 12, 13)]
    for task in reversed(tasks):
        queue.restore(task, at(0))
    return tasks


def come_back(queue: Queue, new_task: NewTask, new_call: NewCall, task: Task, now: float) -> Task:
    again = new_task(
        request_id=task.request_id, key="k", session=b"back", requester_pid=99, expected=4.0
    )
    return queue.submit(again, new_call(b"back"), at(now))


def test_nothing_starts_while_callers_are_awaited(queue: Queue, restored: list[Task]) -> None:
    queue.advance(at(1.9))
    assert queue.take_effects() == []
    assert queue.waiting() == restored
    assert queue.next_deadline() == 2.0


def test_the_missing_are_cancelled_and_the_others_keep_their_order(
    queue: Queue, restored: list[Task], new_task: NewTask, new_call: NewCall
) -> None:
    fresh = queue.submit(new_task(), new_call(), at(0.5))
    assert come_back(queue, new_task, new_call, restored[2], 1) is restored[2]
    assert kinds(queue.take_effects()) == [(Queued, fresh.id)]
    queue.advance(at(2))
    assert kinds(queue.take_effects()) == [(Finished, 11), (Finished, 12), (Start, 13)]
    assert [t.state for t in restored] == ["cancelled", "cancelled", "running"]
    assert queue.waiting() == [fresh]


def test_a_queue_whose_callers_all_stay_away_is_empty_and_has_started_nothing(
    queue: Queue, restored: list[Task]
) -> None:
    queue.advance(at(2))
    assert kinds(queue.take_effects()) == [(Finished, t.id) for t in restored]
    assert {(t.state, t.cancelled_by) for t in restored} == {("cancelled", "client")}
    assert queue.next_deadline() is None


def test_the_first_starts_as_soon_as_all_are_back(
    queue: Queue, restored: list[Task], new_task: NewTask, new_call: NewCall
) -> None:
    for task in reversed(restored):
        assert queue.take_effects() == []
        come_back(queue, new_task, new_call, task, 1)
    assert kinds(queue.take_effects()) == [(Start, 11)]
    assert queue.next_deadline() is None


def test_who_comes_back_brings_the_request_again(
    queue: Queue, restored: list[Task], new_task: NewTask, new_call: NewCall
) -> None:
    task = come_back(queue, new_task, new_call, restored[0], 1)
    assert task.request is not None
    assert (task.key, task.expected) == ("k", 4.0)
    assert (task.session, task.requester_pid) == (b"back", 99)
    assert (task.id, task.created) == (11, at(-60))


def test_callers_are_told_when_the_gate_opens(
    queue: Queue, new_task: NewTask, new_call: NewCall
) -> None:
    queue.restore(new_task(11, request=None), at(0))
    call = new_call(progress=True)
    fresh = queue.submit(new_task(), call, at(1))
    queue.take_effects()
    queue.advance(at(2))
    told = [e for e in queue.take_effects() if isinstance(e, Tell)]
    assert told[-1] == Tell([(call, fresh)])
    assert call.told == ("running",)
