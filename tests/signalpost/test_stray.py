from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from signalpost import stray
from signalpost.transport import endpoint
from signalpost.transport.errors import BrokerUnavailable

# Holds the lock, publishes itself when nudged if told to, and ends on SIGTERM unless it is deaf.
HOLDS = """
import signal, socket, sys
from pathlib import Path
from signalpost.actors.lock import Lock
from signalpost.transport import endpoint
data_dir, manner = Path(sys.argv[1]), sys.argv[2]
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])
if manner == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
lock = Lock.take(endpoint.lock_path(data_dir))
print("held", flush=True)
signal.sigwait([signal.SIGHUP])
if manner == "comes back":
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(data_dir / "b.sock"))
    listening.listen()
    endpoint.publish(data_dir, endpoint.Published(f"ipc://{data_dir}/b.sock", "e", 1, 1.0, "1"))
if manner != "leaves":
    sys.stdin.read()
"""


@contextmanager
def broker(data_dir: Path, manner: str) -> Generator[subprocess.Popen[str], None, None]:
    """A process that holds the lock and is not published."""
    endpoint.prepare(data_dir)
    words = [sys.executable, "-c", HOLDS, str(data_dir), manner]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long enough for a process to answer, and no longer where nobody will."""
    monkeypatch.setattr(stray, "_PATIENCE", (0.05,) * 100)


def test_where_nobody_holds_the_lock_none_lives(folder: Path) -> None:
    assert stray.of(folder / "d") is None
    assert stray.find(folder / "d") is None


def test_one_that_cannot_be_found_is_seen_and_left_alone(folder: Path) -> None:
    with broker(folder / "d", "leaves") as process:
        found = stray.of(folder / "d")
        assert found is not None
        assert found.pid == process.pid
        assert process.poll() is None


def test_one_that_comes_back_when_called_is_used(folder: Path) -> None:
    with broker(folder / "d", "comes back"):
        found = stray.find(folder / "d")
        assert found is not None
        assert found.epoch == "e"
        assert stray.of(folder / "d") is None


def test_one_that_leaves_when_called_is_none(folder: Path) -> None:
    with broker(folder / "d", "leaves"):
        assert stray.find(folder / "d") is None


def test_one_that_does_not_come_back_is_told_of_with_the_remedy(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stray, "_PATIENCE", (0.0,))
    with broker(folder / "d", "stays") as process:
        said = rf"pid {process.pid}\) holds {folder}/d\.lock.*signalpost stop --force"
        with pytest.raises(BrokerUnavailable, match=said):
            stray.find(folder / "d")


@pytest.mark.parametrize(("manner", "number"), [("stays", 15), ("deaf", 9)])
def test_one_is_asked_to_end_and_killed_if_it_does_not(
    folder: Path, monkeypatch: pytest.MonkeyPatch, manner: str, number: int
) -> None:
    with broker(folder / "d", manner) as process:
        found = stray.of(folder / "d")
        assert found is not None
        monkeypatch.setattr(stray, "_TERM_SECONDS", 60.0 if manner == "stays" else 0.05)
        assert stray.end(found)
        assert process.wait() == -number
