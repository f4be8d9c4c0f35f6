"""The processes below a test: its zygote, its shims and what they run."""

from __future__ import annotations

import os

from signalpost.actors import shim_tree


def alive(pid: int) -> bool:
    """Tell whether there is such a process, one that waits to be reaped included."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def own_children() -> set[int]:
    return shim_tree.children(os.getpid())


def zygote_of(shim: int) -> int:
    return shim_tree.processes()[shim].parent


def only_spare(*others: int) -> int:
    """Return the pid of the shim that waits for a job; ``others`` have theirs."""
    (zygote,) = (pid for pid in own_children() if shim_tree.children(pid))
    (spare,) = shim_tree.children(zygote).difference(others)
    return spare
