"""The processes of this machine as a tree: who descends from whom, and signals for them.

Standard library only: this module also runs inside the shim.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterable
from typing import NamedTuple

_PR_SET_CHILD_SUBREAPER = 36
_ROUNDS = 50
"""Enough for any tree; a chain of forks may need more, but its dead have to be reaped first."""

_PS = ("ps", "-A", "-o", "pid=", "-o", "ppid=", "-o", "pgid=", "-o", "stat=", "-o", "comm=")


class Process(NamedTuple):
    """One row of the process table. ``session`` is the process group where there is no /proc."""

    pid: int
    parent: int
    session: int
    state: str
    name: str

    @property
    def dead(self) -> bool:
        """Whether it only waits to be reaped."""
        return self.state[:1] in "ZX"


def become_subreaper() -> bool:
    """Let orphans below this process fall to it, not to init. False: this system cannot."""
    if sys.platform != "linux":
        return False
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    return bool(prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


def processes() -> dict[int, Process]:
    """Return every process that can be seen, by pid.

    Not one moment's picture. Yet a process that exists, living or unreaped, for
    the whole of this call is always in it.

    :raises OSError: out of descriptors; nothing is known
    """
    if not os.path.isdir("/proc/self"):
        return _by_ps()
    found = (_read(name) for name in os.listdir("/proc") if name.isdigit())
    return {process.pid: process for process in found if process is not None}


def descendants(roots: Iterable[int], table: dict[int, Process]) -> list[Process]:
    """Return everything below ``roots`` in ``table``, parents first, without the roots."""
    children: dict[int, list[Process]] = {}
    for process in table.values():
        children.setdefault(process.parent, []).append(process)
    found: list[Process] = []
    front = list(roots)
    while front:
        below = children.pop(front.pop(0), [])
        found += below
        front += [process.pid for process in below]
    return found


def children(pid: int) -> set[int]:
    """Return the pids of the children of ``pid``, the unreaped too.

    Much faster than :func:`processes`, but it may miss one whose sibling ends meanwhile.
    """
    found: set[int] = set()
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                found.update(map(int, file.read().split()))
    except (FileNotFoundError, ProcessLookupError):
        # Gone, or a system that does not tell: the whole table always does.
        return found | {p.pid for p in processes().values() if p.parent == pid}
    return found


def freeze(roots: Callable[[], Iterable[int]]) -> set[int]:
    """Stop the processes that ``roots`` tells and all below them, and return their pids.

    ``roots`` is asked again until it tells nothing new, for those who fork and
    exit; a stopped process does not fork.
    """
    known: set[int] = set()
    fresh: set[int] = set()
    for _ in range(_ROUNDS):
        fresh = set(roots()).union(*map(children, fresh)) - known
        if not fresh:
            break
        for pid in fresh:
            signal_one(pid, signal.SIGSTOP)
        known |= fresh
    return known


def signal_one(pid: int, number: int) -> None:
    """Signal one process; one that is gone or not ours is passed over."""
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def terminate(targets: list[Process]) -> None:
    """Ask ``targets`` to end, the stopped ones too."""
    for number in (signal.SIGTERM, signal.SIGCONT):
        for process in targets:
            signal_one(process.pid, number)


def _read(pid: str) -> Process | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            head, _, rest = file.read().rpartition(b")")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    state, parent, _group, session = rest.split()[:4]
    name = head.partition(b"(")[2].decode(errors="replace")
    return Process(int(pid), int(parent), int(session), state.decode(), name)


def _by_ps() -> dict[int, Process]:
    # Only where there is no /proc; a heavy import that Linux is spared.
    import subprocess

    listing = subprocess.run(_PS, capture_output=True, check=True, text=True, errors="replace")
    table: dict[int, Process] = {}
    for line in listing.stdout.splitlines():
        pid, parent, group, state, name = line.split(None, 4)
        table[int(pid)] = Process(int(pid), int(parent), int(group), state, name)
    return table
