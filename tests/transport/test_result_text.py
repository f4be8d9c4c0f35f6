"""Every way a task can stand has its line, and the output below it is bounded and harmless."""

from __future__ import annotations

import msgspec
import pytest

from signalpost.transport import result_text
from signalpost.transport.messages import Leftover, TaskReport

LOG = "/state/output/task_8.log"
REPORT = TaskReport(
    task_id=8,
    state="success",
    queue_name="global",
    command="make",
    working_directory="/src",
    owner="alice",
    output=LOG,
    created_at=1000.0,
    started_at=1001.0,
    ran_seconds=12.5,
    timeout_seconds=1200,
)
ASK = "— still going; do not run it again; call task_status(task_id=8), it waits."


def _report(**changes: object) -> TaskReport:
    return msgspec.structs.replace(REPORT, **changes)


def _text(report: TaskReport, tail_lines: int = 50, asked_lines: int = 0) -> str:
    return result_text.result_text(report, tail_lines=tail_lines, asked_lines=asked_lines)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"exit_code": 0, "ran_seconds": 31.24}, f"SUCCESS exit=0 31.2s output={LOG}"),
        ({"state": "failed", "exit_code": 1}, f"FAILED exit=1 12.5s output={LOG}"),
        ({"state": "failed", "signal": 9}, f"FAILED signal=9 12.5s output={LOG}"),
        (
            {"state": "failed", "reason": "no such folder"},
            f"FAILED cannot start: no such folder output={LOG}",
        ),
        ({"state": "timeout"}, f"TIMEOUT killed after 1200s output={LOG}"),
        (
            {"state": "timeout", "timeout_seconds": 0.5},
            f"TIMEOUT killed after 0.5s output={LOG}",
        ),
        ({"state": "cancelled"}, f"CANCELLED after 12.5s by client output={LOG}"),
        (
            {"state": "cancelled", "cancelled_by": "person"},
            f"CANCELLED after 12.5s by person output={LOG}",
        ),
        (
            {"state": "cancelled", "started_at": None, "waited_seconds": 4, "ran_seconds": 0},
            f"CANCELLED after 4.0s by client output={LOG}",
        ),
        ({"state": "lost"}, f"LOST task=8 broker stopped; the command was killed output={LOG}"),
        (
            {"state": "lost", "reason": "the machine restarted"},
            f"LOST task=8 the machine restarted output={LOG}",
        ),
        ({"state": "waiting", "position": 2}, f"RUNNING task=8 position=2 output={LOG} {ASK}"),
        (
            {"state": "running", "ran_seconds": 281.9},
            f"RUNNING task=8 elapsed=281s output={LOG} {ASK}",
        ),
        (
            {"exit_code": 0, "killed_leftovers": [Leftover("gradle", 4711), Leftover("sh", 12)]},
            f"SUCCESS exit=0 12.5s output={LOG} killed_leftovers=gradle(4711),sh(12)",
        ),
    ],
)
def test_the_first_line_tells_how_the_task_stands(changes: dict[str, object], line: str) -> None:
    assert result_text.first_line(_report(**changes)) == line


def test_the_first_line_is_one_harmless_line() -> None:
    line = result_text.first_line(
        _report(
            state="failed",
            reason="a\nSUCCESS exit=0\x1b[2J",
            output="/x\n\ud800.log",
            killed_leftovers=[Leftover("a\nb", 1)],
        )
    )
    assert line == (
        "FAILED cannot start: a SUCCESS exit=0 output=/x \ufffd.log killed_leftovers=a b(1)"
    )


def test_a_success_shows_no_output() -> None:
    assert "\n" not in _text(_report(exit_code=0, tail=b"all is well\n"))


@pytest.mark.parametrize("state", ["failed", "timeout", "cancelled", "lost"])
def test_anything_else_that_ended_shows_the_end_of_the_output(state: str) -> None:
    tail = b"".join(b"line %d\n" % n for n in range(80))
    lines = _text(_report(state=state, exit_code=1, tail=tail)).split("\n")
    assert lines[1:] == [f"line {n}" for n in range(30, 80)]


@pytest.mark.parametrize("state", ["failed", "timeout", "cancelled", "lost"])
def test_no_output_is_said(state: str) -> None:
    assert _text(_report(state=state, tail=b"\n")).split("\n")[1:] == ["(no output)"]


def test_as_many_lines_are_shown_as_the_bridge_was_told() -> None:
    report = _report(state="failed", exit_code=1, tail=b"1\n2\n3\n")
    assert _text(report, tail_lines=2).split("\n")[1:] == ["2", "3"]
    assert _text(report, tail_lines=0).split("\n")[1:] == []


def test_the_output_is_bounded_and_harmless() -> None:
    text = _text(_report(state="failed", exit_code=1, tail=b"\x1b[31m\xff" + b"x" * 30_000))
    _, tail = text.split("\n", 1)
    assert len(tail.encode()) <= 8 * 1024
    assert "\x1b" not in text


@pytest.mark.parametrize("state", ["success", "failed", "running"])
def test_lines_that_were_asked_for_are_shown_in_any_state(state: str) -> None:
    report = _report(state=state, exit_code=0, tail=b"1\n2\n3\n")
    assert _text(report, asked_lines=2).split("\n")[1:] == ["2", "3"]


def test_lines_that_were_asked_for_have_more_room() -> None:
    report = _report(exit_code=0, tail=b"x" * 99 + b"\n" + (b"x" * 99 + b"\n") * 300)
    _, tail = _text(report, asked_lines=200).split("\n", 1)
    assert 8 * 1024 < len(tail.encode()) <= 16 * 1024


def test_nothing_is_said_of_output_that_was_not_fetched() -> None:
    assert "\n" not in _text(_report(state="running"))
    assert "\n" not in _text(_report(state="waiting", position=1))
    assert _text(_report(state="running"), asked_lines=5).endswith("\n(no output)")
