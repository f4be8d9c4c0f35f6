"""Who looks at a task without having asked for it."""

from __future__ import annotations

from collections.abc import Callable

from signalpost.actors.effects import Answer, Finished, Kill
from signalpost.actors.task import Task
from tests.actors.queue_words import DONE, NewCall, a_queue, at, kinds


def test_who_looks_at_a_dead_task_is_told_its_end(
    submit: Callable[..., Task], new_call: NewCall
) -> None:
    queue = a_queue()
    task, look = submit(queue), new_call(b"w", runs=False, deadline=2.0)
    queue.died(task.id, at(2))
    queue.watch(task.id, look, at(2))
    queue.advance(at(2.9))
    assert queue.take_effects() == []
    queue.ended(task.id, DONE, at(2.9))
    assert Answer(look, task) in queue.take_effects()
    assert task.state == "success"


def test_who_looks_at_a_dead_task_does_not_wait_long_for_its_end(
    submit: Callable[..., Task], new_call: NewCall
) -> None:
    queue = a_queue()
    task, look = submit(queue), new_call(b"w", runs=False, deadline=2.0)
    queue.died(task.id, at(2))
    queue.watch(task.id, look, at(2))
    assert queue.next_deadline() == 3.0
    queue.advance(at(3))
    assert queue.take_effects() == [Answer(look, task)]


def test_a_watcher_has_no_say(submit: Callable[..., Task], new_call: NewCall) -> None:
    queue = a_queue()
    task = submit(queue, call=new_call(deadline=0.5))
    watcher = new_call(b"w", runs=False)
    queue.watch(task.id, watcher, at(0))
    queue.advance(at(0.5))  # the caller is answered RUNNING
    queue.take_effects()
    queue.give_up(watcher.correlation, at(1))
    queue.leave(b"w", at(2))
    assert queue.take_effects() == []
    queue.ended(task.id, DONE, at(3))
    assert kinds(queue.take_effects()) == [(Finished, 1)]


def test_a_watcher_that_stays_does_not_keep_a_task_alive(
    submit: Callable[..., Task], new_call: NewCall
) -> None:
    queue = a_queue()
    call = new_call()
    task = submit(queue, call=call)
    queue.watch(task.id, new_call(b"w", runs=False), at(0))
    queue.give_up(call.correlation, at(1))
    assert kinds(queue.take_effects()) == [(Kill, 1)]
