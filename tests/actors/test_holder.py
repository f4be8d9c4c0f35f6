from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from signalpost.actors import holder
from signalpost.actors.holder import Holder
from signalpost.transport.process import start_time

# Takes the lock, says so, and waits for its end.
HOLDS = """
import sys
from pathlib import Path
from signalpost.actors.lock import Lock
lock = Lock.take(Path(sys.argv[1]))
lock.skip_to(41)
print("held", flush=True)
sys.stdin.read()
"""

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")


@contextmanager
def holding(path: Path) -> Generator[subprocess.Popen[str], None, None]:
    words = [sys.executable, "-c", HOLDS, str(path)]
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
    (tmp_path / "state").mkdir()
    return tmp_path / "state" / "data.lock"


def test_nobody_holds_what_is_not_there(path: Path) -> None:
    assert holder.living(path) is None


def test_who_holds_a_lock_is_found_while_it_lives(path: Path) -> None:
    with holding(path) as process:
        found = holder.living(path)
        assert found is not None
        assert (found.pid, found.highest_id) == (process.pid, 41)
        process.kill()
        process.wait()
        assert holder.living(path) is None


@linux_only
def test_who_holds_a_lock_file_that_was_removed_is_found(path: Path) -> None:
    with holding(path) as process:
        path.unlink()
        found = holder.living(path)
        assert found is not None
        assert (found.pid, found.highest_id) == (process.pid, 41)


@linux_only
def test_it_is_found_where_the_folder_was_removed_and_another_made(path: Path) -> None:
    with holding(path) as process:
        shutil.rmtree(path.parent)
        assert holder.living(path) == Holder(process.pid, start_time(process.pid), 41)
        path.parent.mkdir()
        path.touch()
        assert holder.living(path) == Holder(process.pid, start_time(process.pid), 41)


@linux_only
def test_who_has_a_removed_file_open_but_not_locked_holds_nothing(path: Path) -> None:
    with path.open("w") as file:
        path.unlink()
        assert holder.open_removed(path) is None
        fcntl.flock(file, fcntl.LOCK_EX)
        found = holder.open_removed(path)
        assert found is not None
        os.close(found)


@linux_only
def test_the_lock_of_another_data_dir_is_not_taken_for_this_one(path: Path) -> None:
    other = path.with_name("other.lock")
    with holding(other):
        other.unlink()
        assert holder.open_removed(path) is None


def test_a_later_process_of_the_same_number_is_left_alone() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        start = start_time(process.pid)
        other = Holder(process.pid, start + 1)
        assert not other.lives()
        other.tell(signal.SIGKILL)
        assert other.gone_within(60)
        assert process.poll() is None
        Holder(process.pid, start).tell(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL


def test_an_end_is_waited_for_but_not_longer_than_said() -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        this = Holder(process.pid, start_time(process.pid))
        assert not this.gone_within(0.01)
        assert process.stdin is not None
        process.stdin.close()
        assert this.gone_within(60)
        if sys.platform == "linux":
            assert not this.lives()  # dead, though nobody has reaped it yet
        process.wait()
        assert this.gone_within(60)
