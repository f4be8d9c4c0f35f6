from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalpost.logs import GrowingFile, readable, show_logs


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "signalpost-logs.json"


@pytest.fixture
def log(path: Path) -> Iterator[GrowingFile]:
    with contextlib.closing(GrowingFile(path)) as opened:
        yield opened


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def rotate(path: Path) -> None:
    path.replace(path.with_name(path.name + ".1"))


def test_lines_come_once(path: Path, log: GrowingFile) -> None:
    append(path, "1\n2\n")
    assert log.lines() == [b"1", b"2"]
    assert log.lines() == []
    append(path, "3\n")
    assert log.lines() == [b"3"]


def test_a_line_in_the_making_waits_for_its_end(path: Path, log: GrowingFile) -> None:
    append(path, "1\n2")
    assert log.lines() == [b"1"]
    append(path, "2\n")
    assert log.lines() == [b"22"]


def test_a_file_that_is_not_there_yet_is_read_when_it_comes(path: Path, log: GrowingFile) -> None:
    assert log.lines() == []
    append(path, "1\n")
    assert log.lines() == [b"1"]


def test_nothing_is_lost_at_a_rotation(path: Path, log: GrowingFile) -> None:
    append(path, "1\n")
    assert log.lines() == [b"1"]
    append(path, "2\n")
    rotate(path)
    append(path, "3\n")
    assert log.lines() == [b"2", b"3"]
    append(path, "4\n")
    assert log.lines() == [b"4"]


def test_what_is_written_between_the_last_look_and_the_rotation_is_not_lost(path: Path) -> None:
    class Raced(GrowingFile):
        def _replaced(self) -> bool:
            if not path.with_name(path.name + ".1").exists():
                append(path, "2\n")
                rotate(path)
                append(path, "3\n")
            return super()._replaced()

    append(path, "1\n")
    with contextlib.closing(Raced(path)) as log:
        assert log.lines() == [b"1", b"2", b"3"]


def test_nothing_is_lost_when_the_new_file_comes_late(path: Path, log: GrowingFile) -> None:
    append(path, "1\n")
    assert log.lines() == [b"1"]
    rotate(path)
    assert log.lines() == []
    append(path, "2\n")
    assert log.lines() == [b"2"]


def test_the_newest_reach_back_into_the_rotated_file(path: Path, log: GrowingFile) -> None:
    append(path, "1\n2\n")
    rotate(path)
    append(path, "3\n")
    assert log.newest(2) == [b"2", b"3"]
    append(path, "4\n")
    assert log.lines() == [b"4"]


def test_no_more_than_asked_for_are_shown(path: Path, log: GrowingFile) -> None:
    append(path, "1\n2\n3\n")
    assert log.newest(2) == [b"2", b"3"]


def test_none_are_shown_when_none_are_asked_for(path: Path, log: GrowingFile) -> None:
    append(path, "1\n")
    assert log.newest(0) == []


def test_an_event_is_one_readable_line() -> None:
    event = {
        "timestamp": "2026-03-01T12:00:00.000Z",
        "event": "task_completed",
        "task_id": 8,
        "command": "make all",
        "exit_code": 0,
    }
    line = readable(json.dumps(event).encode())
    assert line.endswith('  task_completed     task_id=8 command="make all" exit_code=0')
    assert "T12" not in line


@pytest.mark.parametrize(
    ("event", "fields", "shown"),
    [
        (
            "message_sent",
            {"message_id": "m1", "from": "bob", "to": "alice", "type": "task"},
            "message_sent       message_id=m1 from=bob to=alice type=task",
        ),
        (
            "message_delivered",
            {"message_id": "m1", "to": "alice", "attempt": 2},
            "message_delivered  message_id=m1 to=alice attempt=2",
        ),
        (
            "message_dead_lettered",
            {"message_id": "m1", "to": "alice", "reason": "5 failed attempts"},
            'message_dead_lettered  message_id=m1 to=alice reason="5 failed attempts"',
        ),
        (
            "agent_registered",
            {"agent": "alice", "role": "both", "client": "claude-code"},
            "agent_registered   agent=alice role=both client=claude-code",
        ),
        ("agent_gone", {"agent": "alice"}, "agent_gone         agent=alice"),
    ],
)
def test_messages_and_agents_are_told_too(
    event: str, fields: dict[str, object], shown: str
) -> None:
    line = json.dumps({"timestamp": "2026-03-01T12:00:00.000Z", "event": event, **fields})
    assert readable(line.encode()).endswith(f"  {shown}")


def test_an_event_cannot_repaint_the_terminal() -> None:
    event = {"event": "task_queued", "command": "a\x1b[2J\r\nb\u202ec\x9b31m"}
    line = readable(json.dumps(event).encode())
    assert line.isprintable()


@given(st.binary())
def test_any_bytes_become_one_line_that_can_be_shown(data: bytes) -> None:
    assert "\n" not in readable(data)
    assert "\x1b" not in readable(data)


def test_json_lines_are_printed_as_they_are(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    append(path, '{"event":"a"}\n')
    show_logs(path.parent, 5, follow=False, as_json=True)
    assert capsys.readouterr().out == '{"event":"a"}\n'


def test_a_missing_log_is_said_on_stderr(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_logs(path.parent, 5, follow=False, as_json=False)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "no events yet" in captured.err
