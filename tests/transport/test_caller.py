from __future__ import annotations

import json
import os
import resource
import subprocess
import sys

import pytest

from signalpost.transport import caller as module
from signalpost.transport.caller import Caller


def test_the_environment_is_taken_as_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environb, b"STRANGE", b"\xff=\xfe")
    assert Caller.of_this_process().environment[b"STRANGE"] == b"\xff=\xfe"


def test_client_secrets_and_our_own_variables_stay_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CLAUDE_CODE_MESSAGING_TOKEN", "SIGNALPOST_TASK", "SIGNALPOST_DATA_DIR"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("CLAUDE_CODE_OTHER", "stays")
    environment = Caller.of_this_process().environment
    assert not [name for name in environment if name.startswith(b"SIGNALPOST_")]
    assert not [name for name in environment if name.startswith(b"CLAUDE_CODE_MESSAGING_")]
    assert environment[b"CLAUDE_CODE_OTHER"] == b"stays"


def test_the_task_it_runs_in_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALPOST_TASK", "7:ee")
    assert Caller.of_this_process().parent == "7:ee"
    monkeypatch.delenv("SIGNALPOST_TASK")
    assert Caller.of_this_process().parent == ""


class NoProc:
    """Stands in for ``Path`` where there is no /proc."""

    def __init__(self, _path: str) -> None: ...

    def read_text(self) -> str:
        raise FileNotFoundError


@pytest.mark.parametrize("way", ["proc", "portable"])
@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002, 0])
def test_the_umask_is_read_and_left_as_it_is(
    way: str, mask: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "portable":
        monkeypatch.setattr(module, "Path", NoProc)
    before = os.umask(mask)
    try:
        assert Caller.of_this_process().umask == mask
        assert os.umask(mask) == mask
    finally:
        os.umask(before)


def test_limits_and_nice_are_those_of_the_process() -> None:
    ask = (
        "import os, resource, json\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (200, 300))\n"
        "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"
        "os.nice(3)\n"
        "from signalpost.transport.caller import Caller\n"
        "c = Caller.of_this_process()\n"
        "print(json.dumps([c.limits, c.nice]))\n"
    )
    said = subprocess.run([sys.executable, "-c", ask], capture_output=True, check=True)
    limits, nice = json.loads(said.stdout)
    assert nice == os.getpriority(os.PRIO_PROCESS, 0) + 3
    assert (limits["RLIMIT_NOFILE"], limits["RLIMIT_CORE"]) == (200, 0)
    assert limits["RLIMIT_STACK"] == resource.getrlimit(resource.RLIMIT_STACK)[0]
    assert all(name.startswith("RLIMIT_") for name in limits)
