from __future__ import annotations

from collections.abc import Callable

import pytest

from signalpost.actors.events import finished_event
from signalpost.actors.history import report_of, row_of
from signalpost.actors.job import Outcome, not_started
from signalpost.actors.moment import Moment
from signalpost.actors.task import BROKER, Task
from signalpost.transport.messages import Leftover, RunTask

NewTask = Callable[..., Task]

ALL = Outcome(
    reason="exit",
    exit_code=1,
    ran_seconds=6.1234,
    leftovers=[Leftover("gradle", 4711)],
    stdout_lines=3,
    stderr_lines=2,
    peak_rss_mb=1.5,
    cpu_seconds=2.5,
    tail=b"secret output",
)


def at(seconds: float) -> Moment:
    return Moment(seconds, 1000.0 + seconds)


@pytest.fixture
def ran(new_task: NewTask) -> Callable[..., Task]:
    """A task that ran from second 4 to 10 and has this outcome."""

    def make(outcome: Outcome, **fields: object) -> Task:
        task = new_task(7, output="/o", parent=3, state="running", started=at(4), **fields)
        task.pid, task.ended = 42, at(10)
        task.settle(outcome)
        return task

    return make


def test_a_stored_task_reads_as_it_read_when_it_ended(ran: Callable[..., Task]) -> None:
    task = ran(ALL)
    assert report_of(row_of(task), "/o", b"secret output") == task.report(at(99))


def test_a_stored_task_that_never_ran_reads_as_it_read_when_it_ended(new_task: NewTask) -> None:
    task = new_task(7, output="/o", state="cancelled", cancelled_by="bob", ended=at(3))
    assert report_of(row_of(task), "/o") == task.report(at(99))


def test_neither_output_nor_environment_is_kept(
    new_task: NewTask, ran: Callable[..., Task]
) -> None:
    secret = RunTask(
        command="make",
        working_directory="/src",
        environment={b"TOKEN": b"secret"},
        env_vars={"KEY": "secret"},
    )
    assert "secret" not in repr(row_of(ran(ALL, request=secret)))
    assert "secret" not in repr(finished_event(ran(ALL, request=secret)))


def test_who_asked_is_kept(new_task: NewTask) -> None:
    row = row_of(new_task(session=b"\xab\xcd\xef\x01\x02"))
    assert (row.owner, row.principal, row.session) == ("alice", "agent:alice", "abcdef01")
    assert row.requester_pid == 77


def test_what_was_asked_is_kept(new_task: NewTask) -> None:
    request = RunTask(
        command="make",
        working_directory="/src",
        timeout_seconds=5,
        notify=True,
        on_disconnect="finish",
    )
    row = row_of(new_task(request=request))
    assert (row.timeout_seconds, row.notify, row.on_disconnect) == (5, True, "finish")
    assert row_of(new_task(request=None)).on_disconnect == "kill"


def test_a_completed_task_is_told_with_its_figures(ran: Callable[..., Task]) -> None:
    assert finished_event(ran(ALL)) == (
        "task_completed",
        {
            "task_id": 7,
            "queue_name": "global",
            "command": "make",
            "exit_code": 1,
            "signal": None,
            "duration_seconds": 6.123,
            "stdout_lines": 3,
            "stderr_lines": 2,
            "peak_rss_mb": 1.5,
            "cpu_seconds": 2.5,
        },
    )


@pytest.mark.parametrize(
    ("outcome", "by", "event", "field"),
    [
        (Outcome(reason="timeout"), "", "task_timeout", "timeout_seconds"),
        (Outcome(reason="killed"), "bob", "task_cancelled", "by"),
        (Outcome(reason="killed"), BROKER, "zombie_cleared", "reason"),
        (Outcome(reason="shim_lost"), "", "zombie_cleared", "reason"),
        (not_started("no such file"), "", "task_error", "error"),
    ],
)
def test_every_other_end_has_an_event_of_its_own(
    ran: Callable[..., Task], outcome: Outcome, by: str, event: str, field: str
) -> None:
    name, fields = finished_event(ran(outcome, cancelled_by=by))
    assert name == event
    assert fields["task_id"] == 7
    assert fields[field]
