from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import anyio
import pytest
from anyio import fail_after

from signalpost.transport.lifeline import Lifeline


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A process that lives until it is killed."""
    process = subprocess.Popen([sys.executable, "-ISc", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


def watch(pid: int) -> tuple[Lifeline, list[int], anyio.Event]:
    deaths: list[int] = []
    died = anyio.Event()

    def note() -> None:
        deaths.append(pid)
        died.set()

    return Lifeline(pid, note), deaths, died


def kill_without_reaping(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_the_death_of_a_process_is_told_once(
    child: subprocess.Popen[bytes], how: signal.Signals
) -> None:
    lifeline, deaths, died = watch(child.pid)
    assert lifeline.watching
    await anyio.wait_all_tasks_blocked()
    assert deaths == []
    os.kill(child.pid, how)
    with fail_after(5):
        await died.wait()
    child.wait()
    await anyio.wait_all_tasks_blocked()
    assert deaths == [child.pid]
    assert not lifeline.watching
    lifeline.close()


async def test_the_end_by_itself_is_a_death_too(child: subprocess.Popen[bytes]) -> None:
    lifeline, _, died = watch(child.pid)
    assert child.stdin is not None
    child.stdin.close()
    with fail_after(5):
        await died.wait()
    assert not lifeline.watching


async def test_a_process_that_is_dead_but_not_reaped_is_dead(
    child: subprocess.Popen[bytes],
) -> None:
    kill_without_reaping(child.pid)
    _, _, died = watch(child.pid)
    with fail_after(5):
        await died.wait()


async def test_nothing_is_told_after_the_close(child: subprocess.Popen[bytes]) -> None:
    lifeline, deaths, _ = watch(child.pid)
    other, _, died = watch(child.pid)
    lifeline.close()
    lifeline.close()
    assert (lifeline.watching, other.watching) == (False, True)
    child.kill()
    with fail_after(5):
        await died.wait()
    assert deaths == []


async def test_no_descriptor_is_left(child: subprocess.Popen[bytes]) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        watch(child.pid)[0].close()
    assert len(os.listdir("/proc/self/fd")) == before


async def test_a_process_that_is_gone_cannot_be_watched(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.wait()
    assert not watch(child.pid)[0].watching
    assert [watch(pid)[0].watching for pid in (0, -1)] == [False, False]
