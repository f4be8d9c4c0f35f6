from __future__ import annotations

import pytest
from msgspec.structs import replace

from signalpost.actors.history import row_of
from signalpost.actors.job import Outcome, Running
from signalpost.actors.moment import Moment
from signalpost.actors.revival import revive
from signalpost.actors.row import TaskRow
from signalpost.transport.messages import TaskState

NOW = Moment(50.0, 5000.0)
WAITED = TaskRow(
    id=7,
    request_id=b"r",
    queue_name="global",
    state="waiting",
    command="make",
    working_directory="/src",
    owner="alice",
    principal="agent:alice",
    session="abcdef01",
    requester_pid=77,
    parent=3,
    created_at=4000.0,
    timeout_seconds=5.0,
    pid=77,
)
RAN = replace(
    WAITED,
    state="running",
    started_at=4900.0,
    child_pid=42,
    notify=True,
    on_disconnect="finish",
)


def test_what_waited_waits_on_without_its_request() -> None:
    task = revive(WAITED, None, "/o", NOW)
    assert (task.state, task.request, task.key) == ("waiting", None, "")
    assert (task.id, task.request_id, task.parent, task.output) == (7, b"r", 3, "/o")
    assert (task.owner, task.principal, task.requester_pid) == ("alice", "agent:alice", 77)
    assert (task.calls, task.holders) == ({}, set())


def test_times_of_day_are_carried_over_to_the_new_clock() -> None:
    task = revive(WAITED, None, "/o", NOW)
    assert task.created == Moment(-950.0, 4000.0)
    assert task.waited(NOW) == 1000.0


def test_what_ran_is_lost_when_nothing_is_known_of_its_end() -> None:
    task = revive(RAN, None, "/o", NOW)
    assert (task.state, task.ended) == ("lost", NOW)
    assert task.reason == "broker stopped; the command was killed"
    assert task.waited(NOW) == 900.0


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome(reason="exit", exit_code=0, ran_seconds=8.0), "success"),
        (Outcome(reason="exit", exit_code=2), "failed"),
        (Outcome(reason="timeout"), "timeout"),
        (Outcome(reason="broker_lost"), "lost"),
    ],
)
@pytest.mark.parametrize("row", [RAN, WAITED], ids=["ran", "waited"])
def test_what_left_an_exit_record_ended_as_the_record_says(
    row: TaskRow, outcome: Outcome, state: TaskState
) -> None:
    # The row may still say that it waited: the broker died before that was on disk.
    task = revive(row, outcome, "/o", NOW)
    assert (task.state, task.outcome) == (state, outcome)
    assert task.ran(NOW) == outcome.ran_seconds


def test_who_cancelled_it_is_not_forgotten() -> None:
    task = revive(replace(RAN, cancelled_by="bob"), Outcome(reason="killed"), "/o", NOW)
    assert (task.state, task.cancelled_by) == ("cancelled", "bob")


def test_what_was_killed_and_nobody_cancelled_was_killed_by_the_broker_on_its_way_out() -> None:
    task = revive(RAN, Outcome(reason="killed"), "/o", NOW)
    assert (task.state, task.reason) == ("lost", "broker stopped; the command was killed")


def test_nothing_of_the_row_is_lost() -> None:
    outcome = Outcome(reason="timeout", ran_seconds=5.0)
    row = row_of(revive(RAN, outcome, "/o", NOW))
    assert row == replace(RAN, state="timeout", ended_at=5000.0, ran_seconds=5.0)


LIVING = Running(7, 70, 1, "boot", "7:old", child=43, began=20.0)


@pytest.mark.parametrize("row", [RAN, WAITED], ids=["ran", "waited"])
def test_what_outlived_its_broker_runs_on(row: TaskRow) -> None:
    task = revive(row, None, "/o", NOW, LIVING)
    assert (task.state, task.adopted, task.pid) == ("running", True, 43)
    assert task.started == Moment(20.0, row.started_at or 4970.0)
    assert task.ran(NOW) == 30.0
    assert task.request is not None
    assert task.request.timeout_seconds == 5.0


def test_one_whose_pid_was_not_recorded_yet_has_that_of_the_store() -> None:
    assert revive(RAN, None, "/o", NOW, replace(LIVING, child=0)).pid == 42
