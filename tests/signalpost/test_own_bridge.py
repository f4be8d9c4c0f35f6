"""In real processes: a client, what it has started, and a hook of it that looks for a bridge."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_LOOK = f"{sys.executable} -c 'from signalpost import own_bridge; print(own_bridge.lives())'"
_STARTED = "#!/bin/sh\necho ready >said\nread _ <gate\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where shells have the names of clients, and programs lie that run until they are let go."""
    for name in ("claude", "gemini", "terminal"):
        (tmp_path / name).symlink_to("/bin/sh")
    for name in ("signalpost", "other"):
        (tmp_path / name).write_text(_STARTED)
        (tmp_path / name).chmod(0o755)
    return tmp_path


def told(folder: Path, client: str, started: str, look: str = _LOOK) -> str:
    """Return what a hook of ``client`` finds beside what that has started."""
    script = f"mkfifo said gate; {started} & read _ <said; {look}; echo >gate; wait"
    done = subprocess.run(
        [str(folder / client), "-c", script],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert not done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("started", "found"),
    [
        ("./signalpost mcp", "True"),
        ("/bin/sh -c './signalpost mcp; true'", "True"),
        ("./signalpost wait", "False"),
        ("./other mcp", "False"),
    ],
)
def test_a_bridge_is_found_among_the_processes_of_its_client(
    folder: Path, started: str, found: str
) -> None:
    assert told(folder, "claude", started) == found


def test_that_of_another_client_in_the_same_terminal_is_none(folder: Path) -> None:
    script = _LOOK.replace("'", "'\\''")
    look = f"./gemini -c '{script}; true'"
    assert told(folder, "terminal", "./claude -c './signalpost mcp; true'", look) == "False"


def test_what_has_no_known_name_is_looked_through_too(folder: Path) -> None:
    assert told(folder, "terminal", "./signalpost mcp") == "True"
