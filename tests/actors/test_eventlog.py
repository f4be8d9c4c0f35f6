import errno
import json
import logging
import os
import stat
import typing
from pathlib import Path
from typing import Any

import pytest

from signalpost.actors.eventlog import EventLog
from signalpost.actors.events import Event


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "signalpost-logs.json"


def test_an_event_is_one_line_of_json(path: Path) -> None:
    log = EventLog(path, clock=lambda: 1_700_000_000.25)
    log.write("task_started", task_id=8, wait_time_seconds=1.5)
    log.write("task_error", task_id=8, error="two\nlines \udcff")
    log.close()
    assert path.read_bytes().splitlines(keepends=True)[0] == (
        b'{"timestamp":"2023-11-14T22:13:20.250Z","event":"task_started",'
        b'"task_id":8,"wait_time_seconds":1.5}\n'
    )
    assert lines(path)[1]["error"] == "two\nlines \udcff"


def test_only_the_owner_may_read_it(path: Path) -> None:
    EventLog(path).write("task_queued")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_later_broker_goes_on_in_the_same_file(path: Path) -> None:
    for task_id in (1, 2):
        log = EventLog(path)
        log.write("task_queued", task_id=task_id)
        log.close()
    assert [line["task_id"] for line in lines(path)] == [1, 2]


def test_a_full_file_is_moved_aside_and_one_is_kept(path: Path) -> None:
    log = EventLog(path, max_bytes=200)
    for task_id in range(10):
        log.write("task_queued", task_id=task_id)
    old = path.with_name("signalpost-logs.json.1")
    assert [line["task_id"] for line in lines(old) + lines(path)] == [6, 7, 8, 9]
    assert max(old.stat().st_size, path.stat().st_size) <= 200
    assert len(list(path.parent.iterdir())) == 2


def test_an_event_over_the_limit_has_a_file_of_its_own(path: Path) -> None:
    log = EventLog(path, max_bytes=100)
    for command in ("a", "b" * 200, "c"):
        log.write("task_queued", command=command)
    assert [line["command"] for line in lines(path)] == ["c"]


def test_an_empty_file_does_not_push_the_old_one_out(path: Path) -> None:
    EventLog(path, max_bytes=10).write("task_queued")
    assert len(lines(path)) == 1
    assert len(list(path.parent.iterdir())) == 1


def test_a_deleted_file_is_made_again(path: Path) -> None:
    log = EventLog(path)
    log.write("task_queued", task_id=1)
    path.unlink()
    log.write("task_queued", task_id=2)
    assert [line["task_id"] for line in lines(path)] == [2]
    assert not log.failed


def test_a_link_is_not_followed(path: Path) -> None:
    path.symlink_to("elsewhere")
    log = EventLog(path)
    log.write("task_queued")
    assert log.failed
    assert log.failed.errno == errno.ELOOP
    assert not path.exists()


def test_failure_is_remembered_and_told_once(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log = EventLog(path / "missing")
    with caplog.at_level(logging.WARNING):
        log.write("task_queued")
        log.write("task_queued")
    assert isinstance(log.failed, FileNotFoundError)
    assert len(caplog.records) == 1
    path.mkdir()
    log.write("task_queued")
    assert log.failed is None


def test_half_a_line_is_taken_back(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = EventLog(path)
    log.write("task_queued", task_id=1)
    whole = path.read_bytes()
    write = os.write

    def write_some(descriptor: int, line: bytes) -> int:
        return write(descriptor, line[:10])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write_some)
        log.write("task_queued", task_id=2)
    assert path.read_bytes() == whole
    assert log.failed
    assert log.failed.errno == errno.ENOSPC
    log.write("task_queued", task_id=3)
    assert [line["task_id"] for line in lines(path)] == [1, 3]


def test_a_pipe_in_its_place_is_not_waited_for(path: Path) -> None:
    os.mkfifo(path)
    log = EventLog(path)
    log.write("task_queued")
    assert log.failed
    assert log.failed.strerror == "it is a named pipe, not a file"


def test_a_disk_that_takes_no_more_never_stops_the_broker(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int, _text: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    log = EventLog(path)
    log.write("task_queued")
    assert log.failed
    assert log.failed.errno == errno.ENOSPC
    log.close()


def test_no_descriptor_is_left_open(path: Path) -> None:
    before = len(os.listdir("/dev/fd"))
    log = EventLog(path, max_bytes=100)
    for _ in range(20):
        log.write("task_queued")
    log.close()
    log.close()
    assert len(os.listdir("/dev/fd")) == before


def test_the_events_are_those_of_the_documentation() -> None:
    names = typing.get_args(Event)
    assert len(names) == 13
    assert {name.split("_")[0] for name in names} == {"task", "zombie", "message", "agent"}
