from __future__ import annotations

import os
import socket
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from signalpost.mcp_bridge.outlet import Outlet

LONG = b"x" * 300_000 + b"\n"
PATIENCE = 10.0
Ends = tuple[int, int]
"""What is read from, and what is written to."""
Kind = Callable[[], AbstractContextManager[Ends]]


@contextmanager
def pipe() -> Generator[Ends, None, None]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


@contextmanager
def sockets() -> Generator[Ends, None, None]:
    # As node gives them to its children.
    here, there = socket.socketpair()
    with here, there:
        yield here.fileno(), there.fileno()


KINDS = pytest.mark.parametrize("kind", [pipe, sockets])


@pytest.fixture
def no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a thread is asked for")

    monkeypatch.setattr(anyio.to_thread, "run_sync", refuse)


@KINDS
@pytest.mark.usefixtures("no_thread")
async def test_a_line_that_has_room_is_written_at_once(kind: Kind) -> None:
    with kind() as (reading, writing):
        outlet = Outlet(writing)
        await outlet.write(b"one\n")
        await outlet.write(b"two\n")
        assert os.read(reading, 100) == b"one\ntwo\n"


@KINDS
@pytest.mark.parametrize("blocking", [True, False])
async def test_a_line_without_room_is_written_whole_and_in_order(
    kind: Kind, blocking: bool
) -> None:
    with kind() as (reading, writing):
        os.set_blocking(writing, blocking)
        outlet, came = Outlet(writing), b""

        async def write() -> None:
            await outlet.write(LONG)
            await outlet.write(b"after\n")

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(write)
            with anyio.fail_after(PATIENCE):
                while not came.endswith(b"after\n"):
                    await anyio.wait_readable(reading)
                    came += os.read(reading, 65536)
        assert came == LONG + b"after\n"


@pytest.mark.parametrize("line", [b"one\n", LONG])
async def test_who_shares_the_pipe_and_takes_its_room_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, line: bytes
) -> None:
    write, taken = os.write, iter([True, True])

    def second(fd: int, data: bytes) -> int:
        if next(taken, False):
            raise BlockingIOError
        return write(fd, data)

    with pipe() as (reading, writing):
        os.set_blocking(writing, False)
        monkeypatch.setattr(os, "write", second)
        came = b""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(Outlet(writing).write, line)
            with anyio.fail_after(PATIENCE):
                while not came.endswith(b"\n"):
                    await anyio.wait_readable(reading)
                    came += os.read(reading, 65536)
        assert came == line


@KINDS
async def test_a_reader_that_is_gone_is_an_error(kind: Kind) -> None:
    with kind() as (reading, writing):
        outlet = Outlet(writing)
        spare = os.open(os.devnull, os.O_RDONLY)
        os.dup2(spare, reading)
        os.close(spare)
        with pytest.raises(OSError, match="Broken pipe"):
            await outlet.write(b"one\n")


async def test_a_reader_that_is_stuck_holds_nobody_who_gives_up() -> None:
    with pipe() as (reading, writing):
        outlet = Outlet(writing)
        with anyio.move_on_after(0.05) as given_up:
            await outlet.write(LONG)
        assert given_up.cancelled_caught
        os.set_blocking(reading, False)
        with anyio.fail_after(PATIENCE):
            left = len(LONG)
            while left:  # the thread that was left behind ends
                await anyio.wait_readable(reading)
                left -= len(os.read(reading, 65536))


async def test_what_is_no_pipe_is_written_by_a_thread(tmp_path: Path) -> None:
    path = tmp_path / "out"
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY)
    await Outlet(descriptor).write(b"one\n")
    os.close(descriptor)
    assert path.read_bytes() == b"one\n"
