from __future__ import annotations

import pytest
from msgspec.structs import replace

from signalpost.actors.effects import Answer, Finished, Kill, Queued, Start, Tell
from signalpost.actors.queue import Queue
from signalpost.actors.task import Call
from signalpost.transport.messages import RunTask
from tests.actors.queue_words import DONE, KILLED, NewCall, NewTask, at, kinds


def answered(queue: Queue) -> list[Call]:
    return [e.call for e in queue.take_effects() if isinstance(e, Answer)]


# ---------------------------------------------------------------- the same request again


def test_identical_open_calls_share_one_task(
    queue: Queue, new_task: NewTask, new_call: NewCall
) -> None:
    calls = [new_call(), new_call(b"t")]
    tasks = [queue.submit(new_task(key="k"), call, at(0)) for call in calls]
    assert tasks[0] is tasks[1]
    assert kinds(queue.take_effects()) == [(Queued, 1), (Start, 1)]
    queue.ended(1, DONE, at(3))
    assert answered(queue) == calls


def test_a_request_sent_again_takes_effect_once(
    queue: Queue, new_task: NewTask, new_call: NewCall
) -> None:
    first = queue.submit(new_task(request_id=b"r"), new_call(), at(0))
    assert queue.submit(new_task(request_id=b"r"), new_call(b"t"), at(1)) is first


def test_tasks_without_a_key_are_never_the_same(
    queue: Queue, new_task: NewTask, new_call: NewCall
) -> None:
    first, second = (queue.submit(new_task(), new_call(), at(0)) for _ in range(2))
    assert first is not second
    queue.ended(first.id, DONE, at(1))
    assert queue.submit(new_task(), new_call(), at(2)) not in (first, second)


def test_the_task_lives_as_long_as_one_open_call(
    queue: Queue, new_task: NewTask, new_call: NewCall
) -> None:
    calls = [new_call(), new_call()]
    for call in calls:
        queue.submit(new_task(key="k"), call, at(0))
    queue.take_effects()
    queue.give_up(calls[0].correlation, at(1))
    assert queue.take_effects() == []
    queue.give_up(calls[1].correlation, at(2))
    assert kinds(queue.take_effects()) == [(Kill, 1)]


def test_the_task_lives_as_long_as_one_session_that_asked(
    queue: Queue, new_task: NewTask, new_call: NewCall
) -> None:
    calls = [new_call(b"old"), new_call(b"new")]
    task = queue.submit(new_task(key="k", session=b"old"), calls[0], at(0))
    queue.submit(new_task(key="k", session=b"new"), calls[1], at(1))  # it re-attaches
    queue.take_effects()
    queue.leave(b"old", at(2))
    assert queue.take_effects() == []
    queue.ended(task.id, DONE, at(3))
    assert answered(queue) == [calls[1]]


def test_nothing_joins_a_task_that_is_being_killed(
    queue: Queue, new_task: NewTask, new_call: NewCall
) -> None:
    dying = queue.submit(new_task(key="k"), new_call(), at(0))
    queue.cancel(dying.id, "alice", None, new_call(runs=False), at(1))
    fresh = queue.submit(new_task(key="k"), new_call(), at(2))
    assert (fresh.id, fresh.state) == (2, "waiting")


# ---------------------------------------------------------------- results nobody got


def test_a_result_nobody_got_answers_the_call_that_comes_again(
    queue: Queue, new_task: NewTask, new_call: NewCall
) -> None:
    first = queue.submit(new_task(key="k"), new_call(deadline=2.0), at(0))
    queue.advance(at(2))  # answered RUNNING
    queue.ended(first.id, DONE, at(3))
    queue.take_effects()
    again = new_call()
    assert queue.submit(new_task(key="k"), again, at(5)) is first
    assert queue.take_effects() == [Answer(again, first)]
    assert queue.open_tasks() == []


def test_a_delivered_result_is_never_used_again(
    queue: Queue, new_task: NewTask, new_call: NewCall
) -> None:
    first = queue.submit(new_task(key="k"), new_call(), at(0))
    queue.ended(first.id, DONE, at(3))
    first.delivered = True
    assert queue.submit(new_task(key="k"), new_call(), at(4)) is not first


def test_an_old_result_is_not_used_again(
    queue: Queue, new_task: NewTask, new_call: NewCall
) -> None:
    first = queue.submit(new_task(key="k"), new_call(), at(0))
    queue.ended(first.id, DONE, at(3))
    assert queue.submit(new_task(key="k"), new_call(), at(604)) is not first


@pytest.mark.parametrize("state", ["running", "waiting"])
def test_a_cancelled_task_leaves_no_result(
    queue: Queue, new_task: NewTask, new_call: NewCall, state: str
) -> None:
    if state == "waiting":
        queue.submit(new_task(), new_call(), at(0))
    first = queue.submit(new_task(key="k"), new_call(), at(0))
    queue.cancel(first.id, "alice", None, new_call(runs=False), at(1))
    queue.ended(first.id, KILLED, at(2))
    assert first.state == "cancelled"
    assert queue.submit(new_task(key="k"), new_call(), at(4)) is not first


# ---------------------------------------------------------------- news


def test_callers_are_told_at_once_of_every_change(
    queue: Queue, new_task: NewTask, new_call: NewCall
) -> None:
    calls = [new_call(progress=True) for _ in range(3)]
    tasks = [queue.submit(new_task(), call, at(0)) for call in calls]
    queue.take_effects()
    queue.give_up(calls[1].correlation, at(1))
    assert [e for e in queue.take_effects() if isinstance(e, Tell)] == [
        Tell([(calls[2], tasks[2])])
    ]
    queue.ended(tasks[0].id, DONE, at(2))
    assert [e for e in queue.take_effects() if isinstance(e, Tell)] == [
        Tell([(calls[2], tasks[2])])
    ]


def test_callers_are_told_every_15_seconds(
    queue: Queue, new_task: NewTask, new_call: NewCall
) -> None:
    call = new_call(progress=True)
    task = queue.submit(new_task(), call, at(0))
    queue.take_effects()
    for seconds in (15, 30):
        assert queue.next_deadline() == seconds
        queue.advance(at(seconds))
        assert queue.take_effects() == [Tell([(call, task)])]
    queue.ended(task.id, DONE, at(31))
    queue.advance(at(45))
    assert queue.next_deadline() is None
    assert Finished in [kind for kind, _ in kinds(queue.take_effects())]


# ---------------------------------------------------------------- wishes of those who join


@pytest.mark.parametrize("wish", [{"notify": True}, {"on_disconnect": "finish"}])
@pytest.mark.parametrize("order", [1, -1], ids=["joined later", "asked first"])
def test_one_caller_that_wants_the_task_to_outlive_it_is_enough(
    queue: Queue, new_task: NewTask, new_call: NewCall, wish: dict[str, object], order: int
) -> None:
    plain = RunTask(command="make", working_directory="/src")
    requests = [plain, replace(plain, **wish)][::order]
    for session, request in zip((b"a", b"b"), requests, strict=True):
        queue.submit(new_task(key="k", session=session, request=request), new_call(session), at(0))
    queue.take_effects()
    for session in (b"a", b"b"):
        queue.leave(session, at(1))
    assert queue.take_effects() == []
    (task,) = queue.running()
    assert task.outlives_its_callers
    assert task.request is not None
    assert task.request.notify is (wish.get("notify", False))
    assert task.request.on_disconnect == wish.get("on_disconnect", "kill")
