"""What can be told of a process by its number: when it started, its parent, its command line."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def start_time(pid: int) -> float:
    """Return a number that tells two processes with one pid apart; 0: no such process."""
    if sys.platform == "linux":
        try:
            text = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return 0.0
        return float(text.rpartition(")")[2].split()[19])
    import psutil

    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return 0.0


def parent(pid: int) -> int:
    """Return the parent of a process; 0: it has none that can be seen."""
    if sys.platform == "linux":
        try:
            text = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return 0
        return int(text.rpartition(")")[2].split()[1])
    import psutil

    try:
        return psutil.Process(pid).ppid()
    except psutil.Error:
        return 0


def words(pid: int) -> list[str]:
    """Return the command line of a process; empty: it cannot be seen."""
    if sys.platform == "linux":
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return []
        return [os.fsdecode(word) for word in line.split(b"\0")]
    import psutil

    try:
        return psutil.Process(pid).cmdline()
    except psutil.Error:
        return []
