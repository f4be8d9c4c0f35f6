"""What the tasks of an earlier broker life came to.

    task_N.running    written by the shim before the command starts
    task_N.exit       written by the shim when nothing of the task lives any more

When the broker dies its shims kill their tasks and write how they ended. The
next broker waits for that here, and makes sure of it, before it starts anything.
A shim whose record says that its task outlives the broker is left alone while it
lives and has no exit record: the next broker adopts it, see :mod:`adoption`.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypeVar

import anyio
import msgspec

from ..transport.regular_file import MIB, read_regular
from . import orphans, shim_record
from .job import Outcome, Running

_LARGEST = 16 * MIB
_RUNNING = ".running"
_EXIT = ".exit"
T = TypeVar("T")

_DEATH_SECONDS = 5.0
"""How long a killed process may take to be gone: it may have much memory to give back."""


class Settled(NamedTuple):
    """What an earlier life left, by task id."""

    outcomes: dict[int, Outcome]
    """Of the tasks of which nothing lives any more."""
    living: dict[int, Running]
    """The tasks that go on under their shims."""


async def settle(
    run_dir: Path, grace_seconds: float = 2.0, *, clock: Callable[[], float] = time.time
) -> Settled:
    """Return what became of every task that has a record in ``run_dir``.

    Shims that still live, and whose tasks do not outlive their broker, get
    ``grace_seconds`` to finish. When this returns, nothing of their tasks lives.
    A record that cannot be read is moved aside; its task counts as lost.
    ``clock`` gives Unix seconds.

    :raises OSError: the folder cannot be read
    """
    running = {task_id: _read_running(run_dir, task_id) for task_id in _task_ids(run_dir)}
    records = [record for record in running.values() if record is not None]
    living = {r.task_id: r for r in records if _goes_on(run_dir, r)}
    ending = [record for record in records if record.task_id not in living]
    await _await_shims(ending, grace_seconds)
    await orphans.kill_carriers({record.cookie for record in ending})
    ended = [task_id for task_id in running if task_id not in living]
    lost = Outcome(reason="broker_lost", ended_at=clock())
    return Settled({n: outcome(run_dir, n) or lost for n in ended}, living)


def _goes_on(run_dir: Path, record: Running) -> bool:
    if not record.outlives or exit_record(run_dir, record.task_id).exists():
        return False
    handle = open_shim(record)
    if handle is not None:
        os.close(handle)
    return handle is not None


def forget(run_dir: Path, task_id: int) -> None:
    """Delete a task's records; there need not be any.

    :raises OSError: a record cannot be deleted
    """
    for suffix in (_RUNNING, _EXIT, f"{_RUNNING}.tmp", f"{_EXIT}.tmp"):
        _path(run_dir, task_id, suffix).unlink(missing_ok=True)


def running_record(run_dir: Path, task_id: int) -> Path:
    """Return where a task's running record is to be."""
    return _path(run_dir, task_id, _RUNNING)


def exit_record(run_dir: Path, task_id: int) -> Path:
    """Return where a task's exit record is to be."""
    return _path(run_dir, task_id, _EXIT)


def _path(run_dir: Path, task_id: int, suffix: str) -> Path:
    return run_dir / f"task_{task_id}{suffix}"


def _task_ids(run_dir: Path) -> list[int]:
    numbers = {
        path.stem.removeprefix("task_")
        for path in run_dir.glob("task_*")
        if path.suffix in {_RUNNING, _EXIT}
    }
    return sorted(int(number) for number in numbers if number.isdecimal())


def _read_running(run_dir: Path, task_id: int) -> Running | None:
    record = _read(_path(run_dir, task_id, _RUNNING), Running)
    return record if record is None or record.task_id == task_id else None


def outcome(run_dir: Path, task_id: int) -> Outcome | None:
    """Return how a task ended, by its exit record; None: it has left none."""
    return _read(_path(run_dir, task_id, _EXIT), Outcome)


def _read(path: Path, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(read_regular(path, _LARGEST), type=kind)
    except FileNotFoundError:
        return None
    except (msgspec.MsgspecError, UnicodeDecodeError, OSError):
        path.rename(path.with_name(f"{path.name}.damaged"))
        return None


async def _await_shims(records: list[Running], grace_seconds: float) -> None:
    async with anyio.create_task_group() as group:
        for record in records:
            group.start_soon(_await_shim, record, grace_seconds)


async def _await_shim(record: Running, grace_seconds: float) -> None:
    handle = open_shim(record)
    if handle is None:
        return
    try:
        if not await _ends_within(handle, grace_seconds):
            await kill_hard(record, handle)
    finally:
        os.close(handle)


async def kill_hard(record: Running, handle: int) -> None:
    """Kill a shim that hangs, and what is below it; ``handle`` is a pidfd of it."""
    # First what it should have killed: once it is dead, nobody could tell whose that was.
    await orphans.kill_below(record.shim)
    with suppress(ProcessLookupError):
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    await _ends_within(handle, _DEATH_SECONDS)


def open_shim(record: Running) -> int | None:
    """Return a pidfd of a record's shim; None: it is dead, or cannot be seen here."""
    # The start time is compared after the handle is open: from then on the
    # number cannot pass to another process unseen.
    if sys.platform != "linux" or record.boot_id != shim_record.boot_id():
        return None
    try:
        handle = os.pidfd_open(record.shim)
    except ProcessLookupError:
        return None
    if record.shim_start and shim_record.start_time(record.shim) == record.shim_start:
        return handle
    os.close(handle)
    return None


async def _ends_within(handle: int, seconds: float) -> bool:
    with anyio.move_on_after(seconds):
        await anyio.wait_readable(handle)
        return True
    return False
