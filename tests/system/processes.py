"""Processes of a test: who descends from whom, being told of a death, killing by handle."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Iterable
from pathlib import Path

import anyio
import psutil


async def dead(pid: int, seconds: float = 20) -> None:
    """Return when the process has ended; a pid that is gone has."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        with anyio.fail_after(seconds):
            await anyio.wait_readable(handle)
    finally:
        os.close(handle)


def lives(pid: int) -> bool:
    """Tell whether it runs; one that only waits to be reaped does not."""
    try:
        return psutil.Process(pid).status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return False


def descendants(pid: int) -> list[int]:
    """Return everything below a process, itself not among them."""
    try:
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def name_of(pid: int) -> str:
    return psutil.Process(pid).name()


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used itself."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def bound_to(folder: Path) -> list[int]:
    """Return the living processes whose arguments or environment name ``folder``."""
    wanted = os.fsencode(folder)
    return [
        pid
        for pid in psutil.pids()
        if any(wanted in _proc(pid, name) for name in ("environ", "cmdline")) and lives(pid)
    ]


def _proc(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def _ends(handle: int, until: float) -> bool:
    ended, _, _ = select.select([handle], [], [], max(0.0, until - time.monotonic()))
    return bool(ended)


def _condition(pid: int) -> str:
    """Return what it is, in which state, and where the kernel has it wait."""
    told = [_proc(pid, name).decode(errors="replace") for name in ("cmdline", "status", "wchan")]
    lines = (line for line in told[1].splitlines() if line.startswith(("State", "PPid", "Tracer")))
    return f"{told[0]!r}, {', '.join(lines)}, {told[2]}"


class Handles:
    """Processes that are recorded while they live, so that no other can be meant later."""

    def __init__(self) -> None:
        self._handles: dict[int, int] = {}

    def record(self, pids: Iterable[int]) -> None:
        for pid in pids:
            if pid not in self._handles:
                try:
                    self._handles[pid] = os.pidfd_open(pid)
                except ProcessLookupError:
                    continue

    def kill(self) -> None:
        """Kill every one that still lives."""
        for handle in self._handles.values():
            try:
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def survivors(self, seconds: float) -> list[int]:
        """Return those that still live after so long; at once when none does."""
        until = time.monotonic() + seconds
        return [pid for pid, handle in self._handles.items() if not _ends(handle, until)]

    async def all_dead(self, seconds: float) -> None:
        """Return when none lives.

        :raises TimeoutError: one does, so long after the one before it died
        """
        for pid, handle in self._handles.items():
            with anyio.move_on_after(seconds) as waiting:
                await anyio.wait_readable(handle)
            if waiting.cancelled_caught:
                raise TimeoutError(f"after {seconds} s process {pid} lives: {_condition(pid)}")

    def close(self) -> None:
        while self._handles:
            os.close(self._handles.popitem()[1])
