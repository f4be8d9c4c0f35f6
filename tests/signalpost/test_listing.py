from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalpost import listing
from signalpost.listing import Listing, as_value, ordered, row, show_list, standing
from signalpost.transport.messages import QueueState, TaskReport

Reports = Callable[..., TaskReport]


def test_open_tasks_come_first_queue_by_queue_then_the_finished(report: Reports) -> None:
    running, waiting = report(task_id=3, state="running"), report(task_id=5, state="waiting")
    other = report(task_id=4, state="running", queue_name="other")
    finished = [report(task_id=2), report(task_id=1, state="failed")]
    queues = [QueueState("global", 1, [running], [waiting]), QueueState("other", 1, [other], [])]
    tasks = ordered(queues, [waiting, other, running, *finished])
    assert [task.task_id for task in tasks] == [3, 5, 4, 2, 1]


def test_a_task_that_ended_between_the_two_answers_is_listed_once(report: Reports) -> None:
    queues = [QueueState("global", 1, [report(state="running")], [])]
    assert len(ordered(queues, [report(state="success")])) == 1


@pytest.mark.parametrize(
    ("fields", "cells"),
    [
        ({}, ("8", "success", "global", "31.2s", "0", "person", "make all")),
        (
            {"state": "failed", "exit_code": None, "signal": 9, "ran_seconds": 192.0},
            ("8", "failed", "global", "3m 12s", "sig 9", "person", "make all"),
        ),
        (
            {"state": "running", "exit_code": None, "owner": "alice"},
            ("8", "running", "global", "50s", "-", "alice", "make all"),
        ),
        (
            {"state": "waiting", "started_at": None, "exit_code": None, "owner": ""},
            ("8", "waiting", "global", "1m 00s", "-", "-", "make all"),
        ),
    ],
)
def test_a_row_tells_how_long_and_how_it_ended(
    report: Reports, fields: dict[str, object], cells: tuple[str, ...]
) -> None:
    assert row(report(**fields), now=1060.0) == cells


@given(st.text())
def test_no_command_can_break_a_row(command: str) -> None:
    task = TaskReport(
        task_id=1,
        state="success",
        queue_name="q",
        command=command,
        working_directory="/",
        owner=command,
        output="/o",
        created_at=0,
    )
    for cell in row(task, now=0):
        assert not set(cell) & set("\n\r\t\x1b\x9b\u2028\u202e")


FIELDS = {
    "task_id",
    "state",
    "queue_name",
    "command",
    "working_directory",
    "owner",
    "output",
    "created_at",
    "started_at",
    "ended_at",
    "waited_seconds",
    "ran_seconds",
    "position",
    "eta_seconds",
    "exit_code",
    "signal",
    "reason",
    "cancelled_by",
    "timeout_seconds",
    "killed_leftovers",
    "peak_rss_mb",
    "cpu_seconds",
    "pid",
    "parent",
    "notify",
}


def test_json_has_stable_names_and_survives_any_text(report: Reports) -> None:
    task = report(command="caf\udce9", tail=b"\xff")
    listing = Listing(7, [QueueState("global", 2, [task], [])], [task])
    value = json.loads(json.dumps(as_value(listing)))
    assert value["broker_pid"] == 7
    assert value["queues"] == [{"queue_name": "global", "width": 2, "running": [8], "waiting": []}]
    assert set(value["tasks"][0]) >= FIELDS
    assert "tail" not in value["tasks"][0]


def test_without_a_broker_nothing_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert show_list(tmp_path, 5, as_json=False) == 0
    assert "no broker runs" in capsys.readouterr().out
    assert show_list(tmp_path, 5, as_json=True) == 0
    empty: dict[str, object] = {"broker_pid": None, "queues": [], "tasks": [], "unread": 0}
    assert json.loads(capsys.readouterr().out) == empty


def test_a_pipe_gets_plain_text(
    report: Reports, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:

    def look(*_: object) -> Listing:
        return Listing(7, [], [report(command="echo [red]x")])

    monkeypatch.setattr(listing, "look", look)
    show_list(Path("/"), 5, as_json=False)
    assert capsys.readouterr().out.splitlines() == [
        "ID  STATE    QUEUE   TIME   EXIT  OWNER   COMMAND",
        "8   success  global  31.2s  0     person  echo [red]x",
    ]


@pytest.mark.parametrize("tasks", [0, 1])
def test_unread_mail_is_told_beside_the_list(
    report: Reports,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tasks: int,
) -> None:
    def look(*_: object) -> Listing:
        return Listing(7, [], [report()] * tasks, unread=2)

    monkeypatch.setattr(listing, "look", look)
    show_list(Path("/"), 5, as_json=False)
    said = "signalpost: unread mail for you: 2. Read it: signalpost receive\n"
    assert capsys.readouterr().err == said
    show_list(Path("/"), 5, as_json=True)
    out, err = capsys.readouterr()
    assert json.loads(out)["unread"] == 2
    assert err == ""


def test_an_open_task_stands_without_advice_for_models(report: Reports) -> None:
    line = standing(report(state="running", ran_seconds=50.0))
    assert line == "RUNNING task=8 elapsed=50s output=/state/output/task_8.log"


def test_a_finished_task_stands_as_its_result_line(report: Reports) -> None:
    assert standing(report()) == "SUCCESS exit=0 31.2s output=/state/output/task_8.log"
