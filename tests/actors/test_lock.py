# pyright: reportPrivateUsage=false
from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from signalpost.actors.holder import Holder
from signalpost.actors.lock import Lock
from signalpost.transport.errors import BrokerUnavailable

# Says when it holds the lock, gives out three ids when nudged, and leaves when told.
HOLDER = """
import signal, sys
from pathlib import Path
from signalpost.actors.lock import Lock
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])
lock = Lock.take(Path(sys.argv[1]))
print("held", flush=True)
signal.sigwait([signal.SIGHUP])
for _ in range(3):
    lock.next_id()
print("nudged", flush=True)
if sys.argv[2] == "stays":
    sys.stdin.read()
"""


@contextmanager
def holder(path: Path, then: str) -> Generator[subprocess.Popen[str], None, None]:
    """Another process that holds the lock; it is killed at the end, if it still is there."""
    words = [sys.executable, "-c", HOLDER, str(path), then]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data.lock"


def test_who_comes_second_is_refused_and_has_the_holder_look_after_its_folder(path: Path) -> None:
    with holder(path, "stays") as process:
        with pytest.raises(BrokerUnavailable, match=f"pid {process.pid}.*already serves"):
            Lock.take(path)
        assert process.stdout is not None
        assert process.stdout.readline() == "nudged\n"


def test_patience_has_an_end_and_leaves_no_timer_behind(path: Path) -> None:
    before = signal.getsignal(signal.SIGALRM)
    with holder(path, "stays"), pytest.raises(BrokerUnavailable):
        Lock.take(path, patience=0.05)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) == before


def test_a_holder_on_its_way_out_is_waited_for_and_its_last_ids_count(path: Path) -> None:
    with holder(path, "leaves"):
        assert Lock.take(path, patience=30).next_id() == 4


def test_it_is_lost_when_the_path_leads_elsewhere(path: Path) -> None:
    lock = Lock.take(path)
    assert not lock.lost()
    path.unlink()
    assert lock.lost()
    path.touch()
    assert lock.lost()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_a_lock_file_that_was_removed_still_counts_while_its_holder_lives(path: Path) -> None:
    with holder(path, "stays") as process:
        path.unlink()
        for _ in range(2):
            with pytest.raises(BrokerUnavailable, match=f"pid {process.pid}.*already serves"):
                Lock.take(path)
        assert process.stdout is not None
        assert process.stdout.readline() == "nudged\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_the_holder_of_a_removed_file_is_waited_for_and_its_last_ids_count(path: Path) -> None:
    with holder(path, "leaves"):
        path.unlink()
        assert Lock.take(path, patience=30).next_id() == 4


def test_a_dead_holder_holds_nothing(path: Path) -> None:
    with holder(path, "stays") as process:
        process.kill()
        process.wait()
        assert Lock.take(path).next_id() == 1


def test_a_process_that_has_the_pid_by_chance_is_not_nudged(path: Path) -> None:
    with holder(path, "stays") as process:
        said = msgspec.json.decode(path.read_bytes(), type=Holder)
        assert said.pid == process.pid
        other = msgspec.structs.replace(said, start_time=said.start_time + 1)
        path.write_bytes(msgspec.json.encode(other).ljust(200) + b"\n")
        with pytest.raises(BrokerUnavailable):
            Lock.take(path)
        process.send_signal(signal.SIGTERM)  # a nudge before would have made it say so
        assert process.stdout is not None
        assert process.stdout.read() == ""


def test_ids_grow_and_outlive_every_holder(path: Path) -> None:
    given: list[int] = []
    for _ in range(3):
        lock = Lock.take(path)
        given += [lock.next_id(), lock.next_id()]
        released(lock)
    assert given == [1, 2, 3, 4, 5, 6]


def test_ids_skip_what_is_known_to_be_taken_and_never_go_back(path: Path) -> None:
    lock = Lock.take(path)
    lock.skip_to(41)
    lock.skip_to(7)
    assert lock.next_id() == 42
    released(lock)
    assert Lock.take(path).next_id() == 43


GARBAGE = {
    "empty": b"",
    "torn": b'{"pid": 12, "sta',
    "binary": bytes(range(256)) * 40,
    "long": b"x" * 5000,
    "deep": b'{"x":' + b"[" * 4000,
    "not text": b'{"pid": "\xff"}',
    "another shape": b'{"pid": "me"}',
    "long and sound": b'{"highest_id": 0}'.ljust(3000) + b"x" * 100,
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_a_lock_file_full_of_garbage_is_taken_and_good_from_then_on(
    path: Path, garbage: bytes
) -> None:
    path.write_bytes(garbage)
    lock = Lock.take(path)
    assert (lock.next_id(), lock.next_id()) == (1, 2)
    released(lock)
    assert Lock.take(path).next_id() == 3


def test_a_symlink_is_not_followed(path: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").touch()
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BrokerUnavailable, match="cannot open"):
        Lock.take(path)


def test_only_its_owner_may_open_it(path: Path) -> None:
    Lock.take(path)
    assert path.stat().st_mode & 0o777 == 0o600


def released(lock: Lock) -> None:
    """Do what the kernel does when the holder ends."""
    os.close(lock._descriptor)
