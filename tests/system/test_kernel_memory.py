"""Case 44: the kernel's limits of memory hit a task. How it ended is told as it was."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.system.place import Place, within

MEBIBYTES = 48
GREEDY = f"exec {sys.executable} -I -S -c 'print(1, flush=True); bytearray(1 << 29)'"
_FOLDERS = (Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup"))
_LIMITS = ("memory.limit_in_bytes", "memory.max")


@contextmanager
def control_group() -> Generator[Path, None, None]:
    """Make a control group of so little memory, or skip with the reason why there is none."""
    parent = next((f for f in _FOLDERS if (f / "cgroup.procs").exists()), _FOLDERS[0])
    group = parent / f"signalpost-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"no control group can be made here: {error}")
    try:
        limits = [group / name for name in _LIMITS if (group / name).exists()]
        if not limits:
            pytest.skip(f"{parent} does not control memory")
        limits[0].write_text(f"{MEBIBYTES << 20}\n")
        yield group
    finally:
        group.rmdir()


@within(60)
async def test_a_task_that_the_kernel_kills_for_its_memory_was_killed_by_signal_9_not_by_us(
    place: Place,
) -> None:
    with control_group() as group:
        async with place.client("alice") as alice:
            report = await alice.run_task(f"echo $$ >{group}/cgroup.procs; {GREEDY}", "/tmp")
            after = await alice.run_task("echo on", "/tmp")
    assert (report.state, report.signal, report.exit_code) == ("failed", 9, None)
    assert (report.reason, report.cancelled_by) == ("", "")
    assert (after.state, report.tail, after.tail) == ("success", b"1\n", b"on\n")


@within(60)
async def test_a_task_that_its_own_limit_refuses_memory_ends_as_it_likes(place: Place) -> None:
    async with place.client("alice") as alice:
        report = await alice.run_task(f"ulimit -v {MEBIBYTES << 10}; {GREEDY}", "/tmp")
        after = await alice.run_task("echo on", "/tmp")
    assert (report.state, report.exit_code, report.signal) == ("failed", 1, None)
    assert b"MemoryError" in report.tail
    assert after.state == "success"
