from __future__ import annotations

import pytest

from signalpost.actors.effects import Answer, Finished, Kill, Queued, Resume, Start, Tell
from signalpost.actors.queue import Queue
from signalpost.actors.task import Task
from tests.actors.queue_words import DONE, NewCall, NewTask, at, kinds


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


# ---------------------------------------------------------------- what still runs


@pytest.fixture
def adopted(queue: Queue, new_task: NewTask) -> Task:
    """A task that ran when the broker died, and runs on."""
    task = new_task(10, state="running", started=at(-30), pid=77, adopted=True)
    queue.adopt(task)
    return task


def test_what_still_runs_has_its_slot_and_is_not_started_again(
    queue: Queue, adopted: Task, new_task: NewTask, new_call: NewCall
) -> None:
    fresh = queue.submit(new_task(), new_call(), at(0))
    assert kinds(queue.take_effects()) == [(Resume, 10), (Queued, fresh.id)]
    assert (queue.running(), queue.waiting()) == ([adopted], [fresh])
    queue.ended(10, DONE, at(1))
    assert kinds(queue.take_effects()) == [(Finished, 10), (Start, fresh.id)]


def test_its_request_that_is_sent_again_waits_for_it_and_owns_it_again(
    queue: Queue, adopted: Task, new_task: NewTask, new_call: NewCall
) -> None:
    request = adopted.request
    assert come_back(queue, new_task, new_call, adopted, 1) is adopted
    assert (adopted.key, adopted.session) == ("k", b"back")
    assert adopted.request is request
    queue.take_effects()
    queue.ended(10, DONE, at(2))
    assert [type(e) for e in queue.take_effects()] == [Finished, Answer]


def test_what_was_being_killed_when_the_broker_died_is_killed_again(
    queue: Queue, new_task: NewTask
) -> None:
    queue.adopt(new_task(10, state="running", started=at(-30), cancelled_by="bob"))
    assert kinds(queue.take_effects()) == [(Resume, 10), (Kill, 10)]


def test_what_waited_inside_its_turn_starts_when_its_caller_is_back(
    queue: Queue, adopted: Task, new_task: NewTask, new_call: NewCall
) -> None:
    waited = new_task(11, request=None, parent=10)
    queue.restore(waited, at(0))
    queue.take_effects()
    again = new_task(request_id=waited.request_id, parent=10, inside=10)
    assert queue.submit(again, new_call(), at(1)) is waited
    assert kinds(queue.take_effects()) == [(Start, 11)]
    assert queue.running() == [adopted, waited]
    queue.ended(10, DONE, at(2))
    assert kinds(queue.take_effects()) == [(Kill, 11)]
