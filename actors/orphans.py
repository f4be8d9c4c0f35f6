"""Killing what a dead shim left behind, or one that hangs does not kill.

A shim that dies cannot clear up its task. Its orphans fall to the broker, which
is a subreaper too; and if both are dead, the survivors still carry the cookie
of their task in their environment. While a shim of a dead broker only hangs,
all of its task is still below it.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable, Iterable

import anyio
import psutil

from . import shim_tree
from .shim_child import COOKIE
from .shim_tree import Process

_PAUSE_SECONDS = 0.002
_LONGEST_PAUSE = 0.5
_BLIND = {errno.EMFILE, errno.ENFILE}
"""Out of descriptors: nothing can be seen."""


async def kill_adopted(spared: Callable[[], set[int]]) -> None:
    """Kill every process that fell to this one, except who is ``spared`` and what is below them.

    Processes of this one's own session are its helpers, never a task's: a task
    has a session of its own. Returns when none is left.
    """
    await _until_none(lambda: _strike_adopted(spared))


def reap_adopted(spared: set[int]) -> bool:
    """Reap what fell to this process and is dead, except ``spared``; what lives is left alone.

    False: out of descriptors, nobody could be seen.
    """
    try:
        found = _adopted(shim_tree.children(os.getpid()), lambda: spared)
    except OSError as error:
        if error.errno not in _BLIND:
            raise
        return False
    for pid in found:
        _reap(pid)
    return True


async def kill_carriers(cookies: set[str]) -> None:
    """Kill every process of this user whose environment carries one of ``cookies``.

    What is below such a process goes with it. This process and its ancestors are
    never touched. Returns when none is left.
    """
    wanted = {f"{COOKIE}={cookie}".encode() for cookie in cookies if cookie}
    if wanted:
        await _until_none(lambda: _strike_carriers(wanted))


async def kill_below(pid: int) -> None:
    """Kill every process below ``pid``, which does not reap them; return when none lives.

    This process and its ancestors are never touched.
    """
    await _until_none(lambda: _strike_below(pid))


async def _until_none(strike: Callable[[], set[int]]) -> None:
    pause = _PAUSE_SECONDS
    before: set[int] = set()
    while struck := _tried(strike):
        # Who is found again and again cannot be killed by us, or not yet.
        pause = min(pause * 1.5, _LONGEST_PAUSE) if struck == before else _PAUSE_SECONDS
        before = struck
        await anyio.sleep(pause)


def _tried(strike: Callable[[], set[int]]) -> set[int]:
    try:
        return strike()
    except OSError as error:
        if error.errno not in _BLIND:
            raise
        # Nothing could be seen: that is not to say that there was nothing.
        return {0}


def _strike_adopted(spared: Callable[[], set[int]]) -> set[int]:
    """Kill and reap what there is, and return its pids."""
    frozen = shim_tree.freeze(lambda: _adopted(shim_tree.children(os.getpid()), spared))
    for pid in frozen:
        shim_tree.signal_one(pid, signal.SIGKILL)
        _reap(pid)
    # The table is slower and misses nobody: who forks and exits is in it, dead or alive.
    table = shim_tree.processes()
    own = (process.pid for process in table.values() if process.parent == os.getpid())
    return frozen | _adopted(own, spared)


def _adopted(pids: Iterable[int], spared: Callable[[], set[int]]) -> set[int]:
    others = set(pids) - spared()
    return {pid for pid in others if _session(pid) != os.getsid(0)}


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return os.getsid(0)


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def _strike_below(pid: int) -> set[int]:
    above = _ancestors(shim_tree.processes())
    for struck in shim_tree.freeze(lambda: shim_tree.children(pid) - above):
        shim_tree.signal_one(struck, signal.SIGKILL)
    below = shim_tree.descendants([pid], shim_tree.processes())
    return {process.pid for process in below if not process.dead} - above


def _strike_carriers(wanted: set[bytes]) -> set[int]:
    carriers = _carriers(wanted)
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for process in carriers:
            shim_tree.signal_one(process.pid, number)
    return {process.pid for process in carriers}


def _carriers(wanted: set[bytes]) -> list[Process]:
    table = shim_tree.processes()
    above = _ancestors(table)
    carriers = [p for p in table.values() if not p.dead and not wanted.isdisjoint(_environ(p.pid))]
    below = shim_tree.descendants([process.pid for process in carriers], table)
    found = {process.pid: process for process in [*carriers, *below] if not process.dead}
    return [process for pid, process in found.items() if pid not in above]


def _ancestors(table: dict[int, Process]) -> set[int]:
    line = {os.getpid()}
    process = table.get(os.getpid())
    while process is not None and process.parent not in line:
        line.add(process.parent)
        process = table.get(process.parent)
    return line


def _environ(pid: int) -> Iterable[bytes]:
    try:
        if sys.platform == "linux":
            with open(f"/proc/{pid}/environ", "rb") as file:
                return file.read().split(b"\0")
        environment = psutil.Process(pid).environ()
    except (FileNotFoundError, ProcessLookupError, PermissionError, psutil.Error):
        return []
    pairs = (f"{name}={value}" for name, value in environment.items())
    return [pair.encode(errors="surrogateescape") for pair in pairs]
