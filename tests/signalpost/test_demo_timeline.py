from __future__ import annotations

import itertools

import pytest

from signalpost.demo_timeline import COLUMNS, Note, Row, Timeline


@pytest.fixture
def timeline() -> Timeline:
    """Half a second passes before each line."""
    return Timeline(itertools.count(100.0, 0.5).__next__, ["alice", "bob"])


def test_a_line_says_when_and_who(timeline: Timeline, capsys: pytest.CaptureFixture[str]) -> None:
    timeline.tell("alice", "running 0s")
    timeline.tell("bob", "position 1")
    assert capsys.readouterr().out == "   0.5s  alice  running 0s\n   1.0s  bob    position 1\n"


def test_a_long_line_goes_on_below_itself(
    timeline: Timeline, capsys: pytest.CaptureFixture[str]
) -> None:
    timeline.tell("bob", "word " * 30)
    first, second, third = capsys.readouterr().out.splitlines()
    assert max(map(len, (first, second, third))) <= COLUMNS
    assert second.index("word") == third.index("word") == first.index("word")
    assert f"{first} {second} {third}".count("word") == 30


def test_what_a_command_printed_cannot_reach_the_terminal_raw(
    timeline: Timeline, capsys: pytest.CaptureFixture[str]
) -> None:
    timeline.tell("bob", "\x1b[2Jlast\x07 line")
    assert capsys.readouterr().out == "   0.5s  bob    last line\n"


def test_the_table_has_a_row_for_each_agent(
    timeline: Timeline, capsys: pytest.CaptureFixture[str]
) -> None:
    timeline.table(
        [
            Row("alice", "builds", 0.04, 1.26, "success"),
            Row("bob", "builds", 1.31, 12.0, "success"),
        ]
    )
    assert capsys.readouterr().out == (
        "\n"
        "AGENT  QUEUE   WAITED  RAN    RESULT\n"
        "alice  builds  0.0s    1.3s   success\n"
        "bob    builds  1.3s    12.0s  success\n"
    )


def test_every_message_is_a_line_that_fits(
    timeline: Timeline, capsys: pytest.CaptureFixture[str]
) -> None:
    timeline.messages(
        [
            Note("bob", "alice", "result", "acked", "success"),
            Note("alice", "bob", "status", "acked", "seen; " * 20),
        ]
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        "",
        "FROM   TO     TYPE    STAGE  TEXT",
        "bob    alice  result  acked  success",
    ]
    assert lines[3].startswith("alice  bob    status  acked  seen; seen;")
    assert max(map(len, lines)) == COLUMNS
