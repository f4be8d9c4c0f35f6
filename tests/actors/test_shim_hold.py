"""What is promised of a command whose process is made before its turn."""

from __future__ import annotations

import base64
import ctypes
import json
import os
import signal
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from signalpost.actors import shim_child, shim_hold
from signalpost.actors.launcher import become_subreaper
from tests.actors.direct import direct
from tests.actors.held import Held
from tests.actors.jobs import job_in
from tests.actors.processes import own_children

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="nothing is held elsewhere")

_AS_IT_IS = (
    "env | grep -v -e ^_= -e SIGNALPOST_TASK; pwd; umask; ulimit -a; nice; cat /proc/self/oom_score_adj;"
    " ls -l /proc/self/fd | wc -l; grep -E 'SigBlk|NoNewPrivs' /proc/self/status;"
    " grep TracerPid /proc/$$/status; cut -d' ' -f6 /proc/$$/stat | grep -cx $$; readlink /proc/$$/fd/0"
)
_KEPT_BY_LIBC = 1 << 31 | 1 << 32
"""Its signals 32 and 33, which nobody can set and whoever starts the tests may have ignored."""


@pytest.fixture
def reaper() -> Generator[None]:
    """Have what a killed shim leaves fall to this process."""
    become_subreaper()
    yield
    ctypes.CDLL(None).prctl(36, 0, 0, 0, 0)


def text(outcome: dict[str, Any]) -> list[str]:
    return base64.b64decode(outcome["tail"]).decode().splitlines()


def ready(folder: Path, command: str, **fields: object) -> Held:
    return Held(job_in(folder, command, 1, **fields))


def test_it_is_there_and_nothing_of_it_has_run(tmp_path: Path) -> None:
    with ready(tmp_path, "touch ran") as held:
        assert held.state == "t"
        assert Path(f"/proc/{held.pid}/cmdline").read_bytes() == b"sh\0-c\0touch ran\0"
        assert os.listdir(tmp_path) == []


def test_it_is_what_runs_when_its_turn_has_come(tmp_path: Path) -> None:
    with ready(tmp_path, "echo $$; exit 3") as held:
        outcome = held.run()
        assert (int(text(outcome)[0]), outcome["exit_code"]) == (held.pid, 3)


def test_it_is_as_one_that_was_spawned_at_its_turn(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    fields: dict[str, object] = {
        "working_directory": str(tmp_path / "sub"),
        "umask": 0o027,
        "limits": {"RLIMIT_NOFILE": 123, "RLIMIT_CORE": 0},
        "nice": 7,
        "environment": {"PATH": os.environ["PATH"], "A": "b c"},
    }
    broker, shim = direct(job_in(tmp_path, _AS_IT_IS, 1, **fields))
    with broker, broker.makefile("rb") as lines:
        spawned = json.loads(lines.readlines()[-1])
    os.waitpid(shim, 0)
    with Held(job_in(tmp_path, _AS_IT_IS, 2, **fields)) as held:
        assert text(held.run()) == text(spawned)
    assert len(text(spawned)) > 20


def test_it_ignores_no_signal(tmp_path: Path) -> None:
    with ready(tmp_path, "exec grep SigIgn /proc/self/status") as held:
        assert int(text(held.run())[0].split()[1], 16) & ~_KEPT_BY_LIBC == 0


def test_it_ends_with_a_shim_that_was_killed_and_has_run_nothing(
    tmp_path: Path, reaper: None
) -> None:
    with ready(tmp_path, "touch ran") as held:
        os.kill(held.shim, signal.SIGKILL)
        os.waitid(os.P_PID, held.shim, os.WEXITED | os.WNOWAIT)
        _, status = os.waitpid(held.pid, 0)
        assert os.WTERMSIG(status) == signal.SIGKILL
        assert os.listdir(tmp_path) == []


def test_it_ends_with_a_shim_that_is_dismissed_and_has_run_nothing(tmp_path: Path) -> None:
    with ready(tmp_path, "touch ran") as held:
        held.leave()
        assert held.state == ""
        assert os.listdir(tmp_path) == []


def test_one_that_was_killed_before_its_turn_is_replaced(tmp_path: Path) -> None:
    with ready(tmp_path, "echo $$") as held:
        os.kill(held.pid, signal.SIGKILL)
        outcome = held.run()
        assert outcome["exit_code"] == 0
        assert int(text(outcome)[0]) != held.pid


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGSTOP, signal.SIGUSR1])
def test_one_that_got_a_signal_before_its_turn_is_replaced(
    tmp_path: Path, number: signal.Signals
) -> None:
    with ready(tmp_path, "echo $$") as held:
        os.kill(held.pid, number)
        outcome = held.run()
        assert outcome["exit_code"] == 0
        assert int(text(outcome)[0]) != held.pid


def test_one_whose_folder_was_made_anew_is_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "sub"
    folder.mkdir()
    with ready(tmp_path, "touch ran; echo $$", working_directory=str(folder)) as held:
        folder.rename(tmp_path / "old")
        folder.mkdir()
        assert int(text(held.run())[0]) != held.pid
        assert (folder / "ran").exists()


def test_one_whose_folder_is_gone_cannot_start(tmp_path: Path) -> None:
    folder = tmp_path / "sub"
    folder.mkdir()
    with ready(tmp_path, "true", working_directory=str(folder)) as held:
        folder.rmdir()
        outcome = held.run()
        assert outcome["reason"] == "cannot_start"
        assert "create it or name another" in outcome["error"]


@pytest.mark.parametrize("refused", [16902, 17])
def test_where_tracing_is_refused_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: int
) -> None:
    call = shim_hold._call  # pyright: ignore[reportPrivateUsage]

    def refuse(request: int, pid: int, address: object, data: object) -> int:
        return -1 if request == refused else int(call(request, pid, address, data))

    monkeypatch.setattr(shim_hold, "_call", refuse)
    job = msgspec.to_builtins(job_in(tmp_path, "touch ran"))
    command, before = shim_child.Command(job), own_children()
    with open(os.devnull, "w") as sink:
        held = shim_hold.hold(command, sink.fileno(), sink.fileno())
    assert held is None or not held.release(command)
    assert own_children() == before
    assert os.listdir(tmp_path) == []
