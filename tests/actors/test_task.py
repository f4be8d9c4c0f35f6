from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalpost.actors.job import Outcome, not_started
from signalpost.actors.moment import Moment
from signalpost.actors.task import BROKER, Task, key_of
from signalpost.transport.messages import Leftover, RunTask

NewTask = Callable[..., Task]


def at(seconds: float) -> Moment:
    return Moment(seconds, 1000.0 + seconds)


@pytest.mark.parametrize(
    ("outcome", "by", "state"),
    [
        (Outcome(reason="exit", exit_code=0), "", "success"),
        (Outcome(reason="exit", exit_code=1), "", "failed"),
        (Outcome(reason="exit", signal=9), "", "failed"),
        (Outcome(reason="timeout"), "", "timeout"),
        (Outcome(reason="killed"), "alice", "cancelled"),
        (Outcome(reason="killed"), BROKER, "lost"),
        (Outcome(reason="broker_lost"), "", "lost"),
        (Outcome(reason="shim_lost"), "", "lost"),
        (not_started("no such file"), "", "failed"),
    ],
)
def test_the_way_it_ended_decides_the_state(
    new_task: NewTask, outcome: Outcome, by: str, state: str
) -> None:
    task = new_task(state="running", cancelled_by=by)
    task.settle(outcome)
    assert (task.state, task.is_open, task.cancelled_by) == (state, False, by)
    assert bool(task.reason) == (state == "lost" or outcome.reason == "cannot_start")


@pytest.mark.parametrize(
    "outcome", [Outcome(reason="exit", exit_code=0), Outcome(reason="timeout")]
)
def test_what_ended_by_itself_was_not_cancelled(new_task: NewTask, outcome: Outcome) -> None:
    task = new_task(state="running", cancelled_by="alice")
    task.settle(outcome)
    assert task.cancelled_by == ""
    assert task.state in ("success", "timeout")


def test_a_command_that_could_not_start_says_why(new_task: NewTask) -> None:
    task = new_task(state="running")
    task.settle(not_started("no such file"))
    assert task.reason == "no such file"


def test_waiting_is_counted_until_the_start(new_task: NewTask) -> None:
    task = new_task(created=at(10))
    assert (task.waited(at(15)), task.ran(at(15))) == (5, 0)
    task.started = at(20)
    assert (task.waited(at(25)), task.ran(at(25))) == (10, 5)
    task.ended = at(30)
    task.settle(Outcome(reason="exit", exit_code=0, ran_seconds=9.5))
    assert (task.waited(at(99)), task.ran(at(99))) == (10, 9.5)


def test_waiting_ends_with_a_task_that_never_started(new_task: NewTask) -> None:
    assert new_task(created=at(10), ended=at(12), state="cancelled").waited(at(99)) == 2


def test_a_task_outlives_its_callers_only_when_asked_to(new_task: NewTask) -> None:
    def lives(**wish: object) -> bool:
        request = RunTask(command="make", working_directory="/", **wish)  # type: ignore[arg-type]
        return new_task(request=request).outlives_its_callers

    assert not lives()
    assert lives(notify=True)
    assert lives(on_disconnect="finish")
    assert not new_task(request=None).outlives_its_callers


def test_a_report_holds_what_is_known(new_task: NewTask) -> None:
    task = new_task(7, created=at(0), started=at(4), ended=at(10), state="running", pid=42)
    task.settle(
        Outcome(
            reason="exit",
            exit_code=3,
            ran_seconds=6,
            leftovers=[Leftover("gradle", 4711)],
            tail=b"out",
            peak_rss_mb=1.5,
            cpu_seconds=2.5,
        )
    )
    report = task.report(at(11), tail=b"not this one")
    assert (report.task_id, report.state, report.exit_code, report.pid) == (7, "failed", 3, 42)
    assert (report.created_at, report.started_at, report.ended_at) == (1000, 1004, 1010)
    assert (report.waited_seconds, report.ran_seconds) == (4, 6)
    assert (report.tail, report.killed_leftovers) == (b"out", [Leftover("gradle", 4711)])
    assert (report.peak_rss_mb, report.cpu_seconds, report.timeout_seconds) == (1.5, 2.5, 1200)


def test_a_report_of_an_open_task_has_its_place_and_the_output_so_far(new_task: NewTask) -> None:
    report = new_task(state="waiting").report(at(1), position=2, eta=30.0, tail=b"so far")
    assert (report.position, report.eta_seconds, report.tail) == (2, 30.0, b"so far")
    assert (report.started_at, report.ended_at, report.exit_code) == (None, None, None)


ASKS = st.builds(
    RunTask,
    command=st.sampled_from(["make", "make a", ""]),
    working_directory=st.just("/x"),
    queue_name=st.sampled_from(["global", "docker"]),
    env_vars=st.dictionaries(st.sampled_from("AB"), st.sampled_from(["", "1", '","']), max_size=2),
)
WHO = st.sampled_from(["agent:alice", "thread:alice"])
WHERE = st.sampled_from(["/src", "/src/a"])


@given(WHO, ASKS, WHERE, WHO, ASKS, WHERE)
def test_two_calls_are_the_same_when_all_that_counts_is_the_same(
    who: str, ask: RunTask, where: str, who2: str, ask2: RunTask, where2: str
) -> None:
    same = (who, ask, where) == (who2, ask2, where2)
    assert (key_of(who, ask, where) == key_of(who2, ask2, where2)) == same


def test_what_does_not_count_may_differ() -> None:
    one = RunTask(command="make", working_directory="/link", env_vars={"A": "1", "B": "2"})
    two = RunTask(
        command="make",
        working_directory="/src",
        env_vars={"B": "2", "A": "1"},
        environment={b"X": b"y"},
        timeout_seconds=5,
        notify=True,
    )
    assert key_of("p", one, "/src") == key_of("p", two, "/src")
