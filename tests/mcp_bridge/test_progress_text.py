"""Progress is one harmless line that says where the call stands."""

from __future__ import annotations

import msgspec
import pytest

from signalpost.mcp_bridge.progress_text import duration, progress_text
from signalpost.transport.messages import RunningTask, TaskProgress, TaskReport

REPORT = TaskReport(
    task_id=8,
    state="waiting",
    queue_name="global",
    command="make",
    working_directory="/src",
    owner="bob",
    output="/o",
    created_at=0.0,
    position=2,
)
AHEAD = RunningTask(task_id=7, command="make all", owner="alice", elapsed_seconds=192.4)


def _report(**changes: object) -> TaskReport:
    return msgspec.structs.replace(REPORT, **changes)


def test_a_waiting_task_says_who_is_ahead_and_when_it_will_be_done() -> None:
    assert progress_text(TaskProgress(report=_report(eta_seconds=220), running=[AHEAD])) == (
        "position 2 in queue global: task 7 (make all, by alice) has run 3m 12s;"
        " result expected in about 3m 40s"
    )


def test_what_is_unknown_is_left_out() -> None:
    assert progress_text(TaskProgress(report=REPORT)) == "position 2 in queue global"
    assert progress_text(TaskProgress(report=_report(position=0))) == "waiting in queue global"


def test_of_many_that_run_two_are_named() -> None:
    text = progress_text(TaskProgress(report=REPORT, running=[AHEAD] * 5))
    assert text.count("task 7") == 2
    assert text.endswith("and 3 more")


def test_a_running_task_says_how_long_and_what_it_said_last() -> None:
    running = _report(state="running", position=0, ran_seconds=45.9)
    assert progress_text(TaskProgress(report=running)) == "running 45s"
    news = TaskProgress(report=running, last_line=b"\x1b[32m[12/40]\x1b[0m cc\r[13/40] cc x.c\xff")
    assert progress_text(news) == "running 45s; last output: [13/40] cc x.c\ufffd"


def test_a_task_that_ended_says_so() -> None:
    assert progress_text(TaskProgress(report=_report(state="success"))) == "success"


def test_the_line_is_short_whatever_comes() -> None:
    loud = RunningTask(task_id=7, command="x\n" * 5000, owner="y" * 500, elapsed_seconds=1)
    texts = [
        progress_text(TaskProgress(report=REPORT, running=[loud, loud])),
        progress_text(TaskProgress(report=_report(state="running"), last_line=b"z\n" * 9999)),
    ]
    for text in texts:
        assert len(text) <= 300
        assert "\n" not in text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0s"), (0.9, "0s"), (59.9, "59s"), (60, "1m 00s"), (3599, "59m 59s"), (7500, "2h 05m")],
)
def test_durations_read_as_people_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text
