from __future__ import annotations

from collections.abc import Callable

import pytest

from signalpost.run import last_words
from signalpost.transport.messages import Leftover, TaskReport

Reports = Callable[..., TaskReport]


@pytest.mark.parametrize(
    "fields",
    [{}, {"state": "failed", "exit_code": 1}, {"state": "failed", "exit_code": None, "signal": 9}],
)
def test_an_end_of_the_command_itself_needs_no_words(
    report: Reports, fields: dict[str, object]
) -> None:
    assert last_words(report(**fields), streamed=True) == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"state": "failed", "exit_code": None, "reason": "Permission denied: /x"},
            "cannot start: Permission denied: /x",
        ),
        ({"state": "timeout", "timeout_seconds": 90.0}, "killed at its time limit of 1m 30s"),
        ({"state": "cancelled", "cancelled_by": "person"}, "task 8 was cancelled by person"),
        ({"state": "lost"}, "task 8 is lost: the broker stopped; the command was killed"),
    ],
)
def test_every_other_end_is_said(report: Reports, fields: dict[str, object], words: str) -> None:
    assert last_words(report(**fields), streamed=True) == [words]


def test_what_was_left_behind_is_named_harmlessly(report: Reports) -> None:
    left = [Leftover("gra\x1b[31mdle", 4711), Leftover("node", 4712)]
    words = last_words(report(killed_leftovers=left), streamed=True)
    assert words == ["killed what the command left behind: gradle(4711), node(4712)"]


def test_output_that_could_not_be_copied_is_told(report: Reports) -> None:
    assert last_words(report(tail=b""), streamed=False) == []
    words = last_words(report(tail=b"x"), streamed=False)
    assert words == ["the output could not be copied here; it is in /state/output/task_8.log"]
