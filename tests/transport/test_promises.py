"""What a client keeps of tasks that were answered before they ended."""

from __future__ import annotations

from signalpost.transport.messages import KeepPlace, TaskReport, TaskState
from signalpost.transport.promises import MOST, MOST_BYTES, Promises


def report(task_id: int, state: TaskState) -> TaskReport:
    return TaskReport(
        task_id=task_id,
        state=state,
        queue_name="global",
        command="make",
        working_directory="/",
        owner="alice",
        output="/log",
        created_at=0,
    )


def test_a_task_answered_while_it_waits_is_kept_with_its_request() -> None:
    promises = Promises()
    promises.hear(report(1, "waiting"), b"r1", b"asked")
    assert promises.requests() == [KeepPlace(request_id=b"r1", run_task=b"asked")]


def test_a_task_that_has_ended_is_not_kept() -> None:
    promises = Promises()
    promises.hear(report(1, "success"), b"r1", b"asked")
    promises.hear(report(2, "waiting"), b"r2", b"asked")
    promises.learn(report(2, "running"))
    assert len(promises.requests()) == 1
    promises.learn(report(2, "lost"))
    assert promises.requests() == []


def test_a_task_that_has_started_has_no_place_to_keep() -> None:
    promises = Promises()
    promises.hear(report(1, "running"), b"r1", b"asked")
    assert promises.requests() == []


def test_the_oldest_are_forgotten_when_there_are_too_many() -> None:
    promises = Promises()
    for number in range(MOST + 5):
        promises.hear(report(number, "waiting"), bytes([number]), b"asked")
    kept = promises.requests()
    assert len(kept) == MOST
    assert kept[0].request_id == bytes([5])


def test_the_oldest_are_forgotten_when_they_are_too_large() -> None:
    promises = Promises()
    for number in range(10):
        promises.hear(report(number, "waiting"), bytes([number]), bytes(1024 * 1024))
    assert sum(len(kept.run_task) for kept in promises.requests()) <= MOST_BYTES
    assert promises.requests()[-1].request_id == bytes([9])
