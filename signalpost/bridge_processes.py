"""The bridges that run on this machine, found among this user's processes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from .bridge_words import program_of_bridge
from .checks import Check
from .client_checks import stale
from .transport import version

_FIELDS = ["pid", "uids", "cmdline", "create_time"]


def examine() -> list[Check]:
    """Judge whether a bridge is older than the program that it runs."""
    installed = Path(version.__file__).stat().st_mtime
    older = [
        (process.pid, _client(process))
        for process in _bridges()
        if process.info["create_time"] < installed
    ]
    shown = time.strftime("%Y-%m-%d %H:%M", time.localtime(installed))
    check = stale(older, shown)
    return [check] if check is not None else []


def _bridges() -> Iterator[psutil.Process]:
    for process in psutil.process_iter(_FIELDS):
        uids = process.info["uids"]
        words: list[str] = process.info["cmdline"] or []
        if uids is not None and uids.real == os.getuid() and _is_bridge(words):
            yield process


def _is_bridge(words: Sequence[str]) -> bool:
    """Tell whether this is ``signalpost mcp`` of this installation."""
    program = program_of_bridge(words)
    script = str(Path(sys.executable).with_name("signalpost"))
    return bool(program) and (_same(program, sys.executable) or _same(program, script))


def _same(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _client(process: psutil.Process) -> str:
    """Return the name of the program that has started it."""
    try:
        parent = process.parent()
        return parent.name() if parent is not None else "left alone"
    except psutil.Error:
        return "gone"
