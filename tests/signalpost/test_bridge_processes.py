from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from signalpost import bridge_processes
from signalpost.transport import version


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A bridge that has said that it is there."""
    process = subprocess.Popen(
        [sys.executable, "-m", "signalpost", "mcp", "--data-dir", str(tmp_path / "state")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n')
    process.stdin.flush()
    process.stdout.readline()
    yield process
    process.kill()
    process.communicate()


def installed(folder: Path, monkeypatch: pytest.MonkeyPatch, at: float) -> None:
    """Have the program be installed at a time."""
    file = folder / "version.py"
    shutil.copy(version.__file__, file)
    os.utime(file, (at, at))
    monkeypatch.setattr(version, "__file__", str(file))


def test_a_bridge_that_is_older_than_the_program_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bridge: subprocess.Popen[bytes]
) -> None:
    installed(tmp_path, monkeypatch, time.time() + 60)
    [check] = bridge_processes.examine()
    assert check.state == "warning"
    assert f"{bridge.pid} (" in check.found


def test_a_bridge_of_this_program_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bridge: subprocess.Popen[bytes]
) -> None:
    installed(tmp_path, monkeypatch, time.time() - 3600)
    found = [check.found for check in bridge_processes.examine()]
    assert not any(f"{bridge.pid} (" in text for text in found)
