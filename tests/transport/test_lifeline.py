from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import anyio
import pytest
from anyio import fail_after

from signalpost.transport.lifeline import Lifeline, start_time, words


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


def test_the_start_time_tells_two_processes_apart(child: subprocess.Popen[bytes]) -> None:
    assert start_time(child.pid) == start_time(child.pid) > 0
    assert start_time(child.pid) >= start_time(os.getpid())
    child.kill()
    child.wait()
    assert start_time(child.pid) == 0.0


@pytest.mark.skipif(sys.platform != "linux", reason="of /proc")
def test_a_strange_name_does_not_hide_the_start_time() -> None:
    rename = "import sys; open('/proc/self/comm','w').write(') R 1 1'); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-ISc", rename], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert start_time(process.pid) >= start_time(os.getpid()) > 0
        process.communicate(b"\n")


def test_the_command_line_of_a_process_is_told_and_that_of_none_is_empty() -> None:
    assert words(os.getpid())[0]
    assert words(2**22 + 1) == []
