from __future__ import annotations

from collections.abc import Callable

import pytest

from signalpost.actors import line
from signalpost.actors.effects import Answer, Finished, Kill, Queued, Start
from signalpost.actors.task import Task
from signalpost.transport.errors import BadRequest, NotAuthorised, QueueFull
from signalpost.transport.messages import RunTask
from tests.actors.queue_words import DONE, KILLED, NewCall, NewTask, a_queue, at, kinds

# ---------------------------------------------------------------- turns


def test_a_task_is_persisted_before_it_starts(new_task: NewTask, new_call: NewCall) -> None:
    queue = a_queue()
    task = queue.submit(new_task(), new_call(), at(0))
    assert kinds(queue.take_effects()) == [(Queued, task.id), (Start, task.id)]
    assert (task.state, task.started) == ("running", at(0))


def test_the_next_starts_when_nothing_of_the_one_before_lives(
    submit: Callable[..., Task],
) -> None:
    queue = a_queue()
    tasks = [submit(queue) for _ in range(3)]
    assert [t.state for t in tasks] == ["running", "waiting", "waiting"]
    queue.ended(tasks[0].id, DONE, at(5))
    assert kinds(queue.take_effects()) == [(Finished, 1), (Answer, 1), (Start, 2)]
    assert queue.waiting() == [tasks[2]]


def test_a_wider_queue_runs_as_many_as_its_width(submit: Callable[..., Task]) -> None:
    queue = a_queue(width=2)
    tasks = [submit(queue) for _ in range(3)]
    assert queue.running() == tasks[:2]
    queue.ended(tasks[1].id, DONE, at(1))
    assert queue.running() == [tasks[0], tasks[2]]


def test_a_full_queue_refuses_and_says_so(
    submit: Callable[..., Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "WAITING_LIMIT", 2)
    queue = a_queue()
    _, _, last = (submit(queue, key=key) for key in ("", "", "k"))
    assert submit(queue, key="k") is last  # it joins one that waits already
    with pytest.raises(QueueFull, match="2 tasks wait in queue global"):
        submit(queue)
    assert len(queue.open_tasks()) == 3
    assert queue.take_effects() == []


def test_each_effect_is_handed_out_once(new_task: NewTask, new_call: NewCall) -> None:
    queue = a_queue()
    queue.submit(new_task(), new_call(), at(0))
    assert queue.take_effects()
    assert queue.take_effects() == []


def test_the_pid_of_the_command_is_noted(submit: Callable[..., Task]) -> None:
    queue = a_queue()
    task = submit(queue)
    queue.started(task.id, 4711)
    queue.started(99, 4712)
    assert task.pid == 4711


def test_news_of_unknown_tasks_change_nothing(submit: Callable[..., Task]) -> None:
    queue = a_queue()
    running, waiting = submit(queue), submit(queue)
    queue.ended(waiting.id, DONE, at(1))  # it does not even run
    queue.ended(99, DONE, at(1))
    assert queue.open_tasks() == [running, waiting]
    assert queue.take_effects() == []


# ---------------------------------------------------------------- cancelling


def test_a_waiting_task_is_cancelled_at_once(
    submit: Callable[..., Task], new_call: NewCall
) -> None:
    queue = a_queue()
    submit(queue)
    task = submit(queue)
    queue.cancel(task.id, "alice", "agent:alice", new_call(runs=False), at(2))
    assert kinds(queue.take_effects()) == [(Finished, 2), (Answer, 2), (Answer, 2)]
    assert (task.state, task.cancelled_by, task.ended) == ("cancelled", "alice", at(2))


def test_a_running_task_is_cancelled_when_its_tree_is_dead(
    submit: Callable[..., Task], new_call: NewCall
) -> None:
    queue = a_queue()
    first, second = submit(queue), submit(queue)
    queue.cancel(first.id, "alice", "agent:alice", new_call(runs=False), at(2))
    assert kinds(queue.take_effects()) == [(Kill, 1)]
    assert second.state == "waiting"
    queue.ended(first.id, KILLED, at(4))
    assert kinds(queue.take_effects()) == [(Finished, 1), (Answer, 1), (Answer, 1), (Start, 2)]
    assert (first.state, first.cancelled_by) == ("cancelled", "alice")


def test_a_task_is_killed_once(submit: Callable[..., Task], new_call: NewCall) -> None:
    queue = a_queue()
    task = submit(queue)
    for seconds in (1, 2):
        queue.cancel(task.id, "x", None, new_call(runs=False), at(seconds))
    queue.end_all("broker", at(3))
    assert kinds(queue.take_effects()) == [(Kill, 1)]


def test_a_stranger_cancels_nothing(submit: Callable[..., Task], new_call: NewCall) -> None:
    queue = a_queue()
    task = submit(queue)
    with pytest.raises(NotAuthorised, match=r"belongs to alice.*signalpost cancel 1"):
        queue.cancel(task.id, "bob", "agent:bob", new_call(runs=False), at(1))
    assert queue.take_effects() == []
    assert len(task.calls) == 1


def test_a_person_cancels_everything(submit: Callable[..., Task], new_call: NewCall) -> None:
    queue = a_queue()
    task = submit(queue)
    queue.cancel(task.id, "person", None, new_call(runs=False), at(1))
    assert kinds(queue.take_effects()) == [(Kill, 1)]


def test_only_open_tasks_can_be_cancelled_or_watched(new_call: NewCall) -> None:
    queue = a_queue()
    with pytest.raises(BadRequest, match="task 7 is not open in queue global"):
        queue.cancel(7, "person", None, new_call(), at(0))
    with pytest.raises(BadRequest, match="task 7"):
        queue.watch(7, new_call(), at(0))


def test_clearing_a_queue_leaves_what_runs(submit: Callable[..., Task]) -> None:
    queue = a_queue()
    tasks = [submit(queue) for _ in range(3)]
    assert queue.cancel_waiting("person", at(1)) == 2
    assert [t.state for t in tasks] == ["running", "cancelled", "cancelled"]
    assert Start not in [kind for kind, _ in kinds(queue.take_effects())]


def test_a_stopping_broker_ends_everything(submit: Callable[..., Task]) -> None:
    queue = a_queue()
    running, waiting = submit(queue), submit(queue)
    queue.end_all("broker", at(1))
    queue.ended(running.id, KILLED, at(2))
    assert (running.state, waiting.state) == ("lost", "cancelled")
    assert queue.open_tasks() == []


def test_a_command_that_ended_before_the_kill_reached_it_has_its_own_result(
    submit: Callable[..., Task], new_call: NewCall
) -> None:
    queue = a_queue()
    task = submit(queue)
    queue.cancel(task.id, "alice", None, new_call(runs=False), at(1))
    queue.ended(task.id, DONE, at(1))
    assert (task.state, task.cancelled_by) == ("success", "")


# ---------------------------------------------------------------- waiting calls


def test_a_call_is_answered_when_its_wait_is_over_and_the_task_runs_on(
    submit: Callable[..., Task], new_call: NewCall
) -> None:
    queue = a_queue()
    call = new_call(deadline=10.0)
    task = submit(queue, call=call)
    assert queue.next_deadline() == 10.0
    queue.advance(at(9))
    assert queue.take_effects() == []
    queue.advance(at(10))
    assert queue.take_effects() == [Answer(call, task)]
    assert queue.next_deadline() is None
    assert task.state == "running"


def test_giving_up_an_answered_call_does_nothing(
    submit: Callable[..., Task], new_call: NewCall
) -> None:
    queue = a_queue()
    call = new_call(deadline=10.0)
    task = submit(queue, call=call)
    queue.advance(at(10))
    queue.take_effects()
    queue.give_up(call.correlation, at(11))
    assert queue.take_effects() == []
    assert not task.cancelled_by


@pytest.mark.parametrize("gone", ["bye", "cancel"])
def test_what_only_one_caller_wanted_ends_with_it(
    submit: Callable[..., Task], new_call: NewCall, gone: str
) -> None:
    queue = a_queue()
    calls = [new_call(), new_call()]
    running, waiting = (submit(queue, call=call) for call in calls)
    for call in calls if gone == "cancel" else ():
        queue.give_up(call.correlation, at(1))
    if gone == "bye":
        queue.leave(b"s", at(1))
    assert kinds(queue.take_effects())[:2] == [(Kill, 1), (Finished, 2)]
    assert (running.cancelled_by, waiting.state) == ("client", "cancelled")


@pytest.mark.parametrize("wish", [{"notify": True}, {"on_disconnect": "finish"}])
def test_what_may_outlive_its_callers_does(
    submit: Callable[..., Task], wish: dict[str, object]
) -> None:
    queue = a_queue()
    request = RunTask(command="make", working_directory="/src", **wish)  # type: ignore[arg-type]
    tasks = [submit(queue, request=request) for _ in range(2)]
    queue.leave(b"s", at(1))
    assert queue.take_effects() == []
    assert [t.state for t in tasks] == ["running", "waiting"]


def test_who_left_is_not_answered(submit: Callable[..., Task]) -> None:
    queue = a_queue()
    request = RunTask(command="make", working_directory="/src", notify=True)
    task = submit(queue, request=request)
    queue.leave(b"s", at(1))
    queue.ended(task.id, DONE, at(2))
    assert kinds(queue.take_effects()) == [(Finished, 1)]


def test_a_report_tells_place_and_expected_end(submit: Callable[..., Task]) -> None:
    queue = a_queue()
    tasks = [submit(queue, expected=seconds) for seconds in (30.0, 5.0, 7.0)]
    reports = [queue.report(task, at(10)) for task in tasks]
    assert [(r.position, r.eta_seconds) for r in reports] == [(0, 20.0), (1, 25.0), (2, 32.0)]
    queue.ended(tasks[0].id, DONE, at(11))
    assert queue.report(tasks[0], at(12)).eta_seconds is None
