"""Events of a short time are written together."""

import asyncio
import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from signalpost.actors.eventlog import DELAY_SECONDS, EventLog


class Later:
    """A loop's ``call_later`` whose time comes when the test says so."""

    def __init__(self) -> None:
        self.due: list[tuple[float, Callable[[], None]]] = []

    def __call__(self, delay: float, callback: Callable[[], None]) -> None:
        self.due.append((delay, callback))

    def come(self) -> None:
        due, self.due = self.due, []
        for _, callback in due:
            callback()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "signalpost-logs.json"


def ids(path: Path) -> list[int]:
    return [json.loads(line)["task_id"] for line in path.read_bytes().splitlines()]


def test_events_are_written_together_when_their_time_comes(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[bytes] = []
    write = os.write

    def note(descriptor: int, content: bytes) -> int:
        writes.append(content)
        return write(descriptor, content)

    later = Later()
    log = EventLog(path, later=later)
    monkeypatch.setattr(os, "write", note)
    for task_id in range(5):
        log.write("task_queued", task_id=task_id)
    assert not path.exists()
    assert [delay for delay, _ in later.due] == [DELAY_SECONDS]
    later.come()
    assert ids(path) == list(range(5))
    assert len(writes) == 1
    log.write("task_queued", task_id=5)
    assert len(later.due) == 1


def test_an_event_bears_the_time_when_it_happened(path: Path) -> None:
    times = iter([1_700_000_000.999, 1_700_000_001.0, 1_700_000_001.0625])
    later = Later()
    log = EventLog(path, clock=lambda: next(times), later=later)
    for task_id in range(3):
        log.write("task_queued", task_id=task_id)
    later.come()
    assert [json.loads(line)["timestamp"] for line in path.read_bytes().splitlines()] == [
        "2023-11-14T22:13:20.999Z",
        "2023-11-14T22:13:21.000Z",
        "2023-11-14T22:13:21.062Z",
    ]


def test_closing_writes_what_is_in_memory(path: Path) -> None:
    later = Later()
    log = EventLog(path, later=later)
    log.write("task_queued", task_id=1)
    log.close()
    assert ids(path) == [1]
    later.come()
    assert ids(path) == [1]


def test_a_great_deal_does_not_stay_in_memory(path: Path) -> None:
    log = EventLog(path, later=Later())
    for task_id in range(1001):
        log.write("task_queued", task_id=task_id)
    assert ids(path) == list(range(1001))


def test_a_batch_is_spread_over_files_by_whole_lines(path: Path) -> None:
    later = Later()
    log = EventLog(path, max_bytes=200, later=later)
    for task_id in range(10):
        log.write("task_queued", task_id=task_id)
    later.come()
    old = path.with_name("signalpost-logs.json.1")
    assert ids(old) + ids(path) == [6, 7, 8, 9]
    assert max(old.stat().st_size, path.stat().st_size) <= 200


@pytest.mark.parametrize("room", [0, 10, 75, 100, 160])
def test_of_a_batch_that_finds_no_room_whole_lines_stay(
    path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    later = Later()
    log = EventLog(path, later=later)
    log.write("task_queued", task_id=0)
    later.come()
    write = os.write

    def write_some(descriptor: int, content: bytes) -> int:
        return write(descriptor, content[:room])

    for task_id in range(1, 4):
        log.write("task_queued", task_id=task_id)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write_some)
        later.come()
    assert path.read_bytes().endswith(b"\n")
    assert ids(path) == list(range(1 + room // 74))
    assert log.failed
    assert log.failed.errno == errno.ENOSPC
    log.write("task_queued", task_id=9)
    later.come()
    assert ids(path)[-1] == 9
    assert log.failed is None


async def test_a_loop_writes_by_itself(path: Path) -> None:
    loop = asyncio.get_running_loop()
    written = anyio.Event()

    def later(delay: float, flush: Callable[[], None]) -> None:
        loop.call_later(delay, flush)
        loop.call_later(delay, written.set)

    log = EventLog(path, later=later)
    log.write("task_queued", task_id=1)
    with anyio.fail_after(10):
        await written.wait()
    assert ids(path) == [1]
    log.close()


@pytest.mark.parametrize(
    "value",
    ["\x1b[2J\x9b2J\N{RIGHT-TO-LEFT OVERRIDE}\u2028", "\udcff", 2**70, 1.5, None, [1, {"a": "ü"}]],
)
def test_a_value_comes_back_and_cannot_steer_a_terminal(path: Path, value: object) -> None:
    EventLog(path).write("task_error", error=value)
    line = path.read_bytes()
    assert line.isascii()
    assert all(byte >= 0x20 for byte in line[:-1])
    assert json.loads(line)["error"] == value
