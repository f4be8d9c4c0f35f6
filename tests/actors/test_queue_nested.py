from __future__ import annotations

from collections.abc import Callable

import pytest

from signalpost.actors.effects import Answer, Finished, Kill, Start
from signalpost.actors.queue import Queue
from signalpost.actors.task import Task
from tests.actors.queue_words import DONE, KILLED, NewCall, NewTask, at, kinds


@pytest.fixture
def nested(queue: Queue, new_task: NewTask, new_call: NewCall) -> Callable[..., Task]:
    """Ask for a run from inside a task of the same queue."""

    def ask(parent: Task, seconds: float = 1, **kw: object) -> Task:
        task = new_task(parent=parent.id, inside=parent.id, session=b"inner", **kw)
        return queue.submit(task, new_call(b"inner"), at(seconds))

    return ask


@pytest.fixture
def outer(queue: Queue, new_task: NewTask, new_call: NewCall) -> Task:
    task = queue.submit(new_task(), new_call(), at(0))
    queue.submit(new_task(), new_call(), at(0))
    queue.take_effects()
    return task


def test_a_nested_task_runs_at_once_inside_the_turn_it_was_asked_from(
    queue: Queue, outer: Task, nested: Callable[..., Task]
) -> None:
    inner = nested(outer)
    assert inner.state == "running"
    assert queue.running() == [outer, inner]
    assert len(queue.waiting()) == 1


def test_the_turn_is_over_when_the_nested_tasks_are_dead_too(
    queue: Queue, outer: Task, nested: Callable[..., Task]
) -> None:
    inner = nested(outer)
    queue.take_effects()
    queue.ended(outer.id, DONE, at(2))
    assert kinds(queue.take_effects()) == [(Kill, inner.id)]
    assert outer.is_open
    queue.ended(inner.id, KILLED, at(3))
    effects = kinds(queue.take_effects())
    assert [e for e in effects if e[0] is not Answer] == [
        (Finished, inner.id),
        (Finished, outer.id),
        (Start, 2),
    ]
    assert (inner.state, inner.cancelled_by) == ("cancelled", "parent")
    assert (outer.state, outer.ended) == ("success", at(2))


def test_a_death_ends_no_turn_before_the_nested_tasks_have_ended(
    queue: Queue, outer: Task, nested: Callable[..., Task]
) -> None:
    inner = nested(outer)
    queue.take_effects()
    queue.died(outer.id, at(2))
    assert kinds(queue.take_effects()) == [(Kill, inner.id)]
    queue.died(inner.id, at(2))
    assert kinds(queue.take_effects()) == []
    queue.ended(inner.id, KILLED, at(3))
    assert (Start, 2) in kinds(queue.take_effects())
    assert queue.running() == [queue.find(2)]
    assert outer.is_open


def test_who_looks_at_a_dead_task_does_not_wait_for_what_lives_inside_it(
    queue: Queue, outer: Task, nested: Callable[..., Task], new_call: NewCall
) -> None:
    nested(outer)
    queue.died(outer.id, at(2))
    look = new_call(b"w", runs=False, deadline=2.0)
    queue.watch(outer.id, look, at(2))
    assert look.deadline == 2.0


def test_nothing_runs_inside_what_is_dead(
    queue: Queue, outer: Task, nested: Callable[..., Task]
) -> None:
    queue.died(outer.id, at(2))
    queue.take_effects()
    inner = nested(outer)
    assert inner.cancelled_by == "parent"


def test_the_turn_goes_on_when_a_nested_task_ends(
    queue: Queue, outer: Task, nested: Callable[..., Task]
) -> None:
    inner = nested(outer)
    queue.take_effects()
    queue.ended(inner.id, DONE, at(2))
    assert kinds(queue.take_effects()) == [(Finished, inner.id), (Answer, inner.id)]
    assert queue.running() == [outer]


def test_the_kill_of_a_task_reaches_all_generations(
    queue: Queue, outer: Task, nested: Callable[..., Task]
) -> None:
    child = nested(outer)
    grandchild = nested(child)
    queue.take_effects()
    queue.end_all("broker", at(2))
    assert kinds(queue.take_effects())[:3] == [
        (Kill, outer.id),
        (Kill, child.id),
        (Kill, grandchild.id),
    ]
    for task in (outer, child, grandchild):
        queue.ended(task.id, KILLED, at(3))
    assert queue.running() == []
    assert grandchild.cancelled_by == "parent"


@pytest.mark.parametrize("how", ["killed", "ended"])
def test_a_request_from_a_dying_tree_is_ended_with_it(
    queue: Queue, outer: Task, nested: Callable[..., Task], new_call: NewCall, how: str
) -> None:
    if how == "killed":
        queue.cancel(outer.id, "alice", None, new_call(runs=False), at(1))
    else:
        nested(outer)  # it still lives when the other one is asked for
        queue.ended(outer.id, DONE, at(1))
    queue.take_effects()
    late = nested(outer, 2)
    assert (Kill, late.id) in kinds(queue.take_effects())
    assert late.cancelled_by == "parent"


def test_tasks_of_another_queue_end_with_the_task_that_asked_for_them(
    queue: Queue, new_task: NewTask, new_call: NewCall
) -> None:
    running, waiting, other = (
        queue.submit(new_task(parent=parent), new_call(), at(0)) for parent in (70, 70, 71)
    )
    queue.take_effects()
    queue.end_children(70, at(1))
    assert kinds(queue.take_effects())[:2] == [(Kill, running.id), (Finished, waiting.id)]
    assert not other.cancelled_by
