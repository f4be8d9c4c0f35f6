"""What the tasks of an earlier broker life came to.

    task_N.running    written by the shim before the command starts
    task_N.exit       written by the shim when nothing of the task lives any more

When the broker dies its shims kill their tasks and write how they ended. The
next broker waits for that here, and makes sure of it, before it starts anything.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import anyio
import msgspec

from . import orphans, shim_record
from .job import Outcome

_RUNNING = ".running"
_EXIT = ".exit"
T = TypeVar("T")

_DEATH_SECONDS = 5.0
"""How long a killed process may take to be gone: it may have much memory to give back."""


class _Running(msgspec.Struct, frozen=True):
    task_id: int
    shim: int
    shim_start: int
    boot_id: str
    cookie: str


async def settle(
    run_dir: Path, grace_seconds: float = 2.0, *, clock: Callable[[], float] = time.time
) -> dict[int, Outcome]:
    """Return the outcome of every task that has a record in ``run_dir``, by task id.

    Shims that still live get ``grace_seconds`` to finish. When this returns,
    nothing of any of these tasks lives. A record that cannot be read is moved
    aside; its task counts as lost. ``clock`` gives Unix seconds.

    :raises OSError: the folder cannot be read
    """
    running = {task_id: _read_running(run_dir, task_id) for task_id in _task_ids(run_dir)}
    records = [record for record in running.values() if record is not None]
    await _await_shims(records, grace_seconds)
    await orphans.kill_carriers({record.cookie for record in records})
    return {task_id: _outcome(run_dir, task_id, clock()) for task_id in running}


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


def _read_running(run_dir: Path, task_id: int) -> _Running | None:
    return _read(_path(run_dir, task_id, _RUNNING), _Running)


def _outcome(run_dir: Path, task_id: int, now: float) -> Outcome:
    recorded = _read(_path(run_dir, task_id, _EXIT), Outcome)
    return recorded or Outcome(reason="broker_lost", ended_at=now)


def _read(path: Path, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        return None
    except (msgspec.MsgspecError, UnicodeDecodeError, OSError):
        path.rename(path.with_name(f"{path.name}.damaged"))
        return None


async def _await_shims(records: list[_Running], grace_seconds: float) -> None:
    async with anyio.create_task_group() as group:
        for record in records:
            group.start_soon(_await_shim, record, grace_seconds)


async def _await_shim(record: _Running, grace_seconds: float) -> None:
    handle = _open(record)
    if handle is None:
        return
    try:
        if not await _ends_within(handle, grace_seconds):
            # First what it should have killed: once it is dead, nobody could tell whose that was.
            await orphans.kill_below(record.shim)
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            await _ends_within(handle, _DEATH_SECONDS)
    except ProcessLookupError:
        return
    finally:
        os.close(handle)


def _open(record: _Running) -> int | None:
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
