"""Whoever started a command that waits may go without a word."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from signalpost import parent_watch

SCRIPT = """
import anyio
from signalpost.parent_watch import nobody_left

async def main():
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(nobody_left)
        await anyio.lowlevel.checkpoint()
        await anyio.lowlevel.checkpoint()
        print("watching", flush=True)

anyio.run(main)
open(FILE, "w").close()
"""


def script(path: Path) -> str:
    return f"FILE = {str(path)!r}\nimport anyio.lowlevel\n{SCRIPT}"


def test_it_returns_when_nobody_reads_its_output(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", script(tmp_path / "gone")], stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"watching\n"
    assert child.poll() is None
    child.stdout.close()
    assert child.wait(timeout=20) == 0


def test_it_returns_when_its_parent_has_died(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(script(tmp_path / "gone"))
    starts = f"subprocess.Popen([{sys.executable!r}, {str(tmp_path / 'script.py')!r}])"
    parent = subprocess.Popen(
        [sys.executable, "-c", f"import subprocess, time; {starts}; time.sleep(600)"],
        stdout=subprocess.PIPE,
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"watching\n"
    parent.kill()
    parent.communicate(timeout=20)  # to the end of the file: the grandchild has ended
    assert (tmp_path / "gone").exists()


async def test_where_neither_can_be_known_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getppid", lambda: 1)
    monkeypatch.setattr(parent_watch, "STDOUT", os.open(os.devnull, os.O_RDONLY))
    with anyio.move_on_after(0.05) as scope:
        await parent_watch.nobody_left()
    assert scope.cancelled_caught
