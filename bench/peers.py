"""Where the programs are that we are compared with: in ``.peers``, else on the PATH.

``make bench-peers`` fills ``.peers`` and installs the Python clients. Nothing
here is needed to run Signalpost.
"""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).parent.parent / ".peers"
ROOT = FOLDER / "root"
"""Debian packages, unpacked."""
TASK_QUEUE = FOLDER / "agent-task-queue"
"""An environment of its own: it needs another ``mcp`` than ours."""
_SILENT = {
    "nq": "nq, which does not tell its version",
    "agent-task-queue": "agent-task-queue 0.4.1",
}


def find(name: str) -> str | None:
    """Return the path of a program, or None."""
    # Debian's nq brings a tq of its own.
    places = [TASK_QUEUE / "bin", ROOT / "usr/bin", ROOT / "usr/sbin"]
    path = os.pathsep.join([*map(str, places), os.environ.get("PATH", os.defpath)])
    return shutil.which(name, path=path)


def environment() -> dict[str, str]:
    """Return an environment in which unpacked programs find their libraries."""
    libraries = [str(each) for each in (ROOT / "usr/lib").glob("*-linux-gnu*")]
    known = os.environ.get("LD_LIBRARY_PATH")
    found = os.pathsep.join([*libraries, *([known] if known else [])])
    return {**os.environ, "LD_LIBRARY_PATH": found} if found else dict(os.environ)


def module(name: str) -> ModuleType | None:
    """Return a Python package that only the benchmarks use, or None."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and name.startswith(error.name):
            return None
        raise


def version(name: str) -> str:
    """Return the first line that a program says about its version, or an empty text."""
    path = find(name)
    if not path:
        return ""
    if name in _SILENT:
        return _SILENT[name]
    flag = "-V" if name == "tsp" else "--version"
    said = subprocess.run(
        [path, flag], capture_output=True, text=True, env=environment(), check=False
    )
    return (said.stdout or said.stderr).strip().partition("\n")[0]


@contextmanager
def running(*words: str | Path) -> Generator[int, None, None]:
    """Run a server for the life of a block, silently; yield its pid."""
    with subprocess.Popen(
        [os.fspath(word) for word in words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
    ) as process:
        try:
            yield process.pid
        finally:
            process.terminate()


@contextmanager
def serving(*words: str) -> Generator[int, None, None]:
    """Run a Python program that says one line when it serves; yield its pid."""
    with subprocess.Popen(
        [sys.executable, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield process.pid
        finally:
            process.terminate()


def python(*words: str) -> list[str]:
    """Return the words that run this Python."""
    return [sys.executable, *words]
