"""Daemons whose parents end become this process's children, so that their CPU can be counted."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress

_PR_SET_CHILD_SUBREAPER = 36


def adopt() -> None:
    """Adopt from now on, where the system can do that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def ours() -> list[int]:
    """Return the children of this process: with their families all that takes part."""
    import psutil

    return [child.pid for child in psutil.Process().children()]


def reap() -> None:
    """Forget those that have ended, when nothing else of ours is awaited any more."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
