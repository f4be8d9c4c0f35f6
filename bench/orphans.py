"""Daemons whose parents end become this process's children, so that their CPU can be counted."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress

import psutil

_PR_SET_CHILD_SUBREAPER = 36
_strangers: set[int] = set()


def adopt() -> None:
    """Adopt from now on, where the system can do that; what an earlier measure has left is not ours."""
    _strangers.update(_children())
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def ours() -> list[int]:
    """Return the children of this process since then: with their families all that takes part."""
    return [pid for pid in _children() if pid not in _strangers]


def reap() -> None:
    """Forget those that have ended, when nothing else of ours is awaited any more."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _children() -> list[int]:
    return [child.pid for child in psutil.Process().children()]
