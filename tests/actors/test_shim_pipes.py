from __future__ import annotations

import fcntl
import mmap
import os
import select
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from signalpost.actors import shim_lanes, shim_pipes
from signalpost.actors.shim_pipes import STDERR, STDOUT, Pipes

KINDS: list[type[Pipes]] = [shim_pipes.PlainPipes]
if sys.platform == "linux":
    KINDS.append(shim_lanes.OrderedPipes)


def _run(pipes: Pipes, command: str) -> list[shim_pipes.Piece]:
    """Run a command and return its output piece by piece."""
    null = os.open(os.devnull, os.O_RDONLY)
    actions = [(os.POSIX_SPAWN_DUP2, fd, to) for to, fd in enumerate((null, *pipes.writers()))]
    pid = os.posix_spawn("/bin/sh", ["sh", "-c", command], os.environ, file_actions=actions)
    os.close(null)
    ended = os.pidfd_open(pid)
    found: list[shim_pipes.Piece] = []
    while not select.select([ended], [], [], 0)[0]:
        for fd in select.select([ended, *pipes.watch()], [], [])[0]:
            found += pipes.pump(fd) if fd != ended else []
    os.waitpid(pid, 0)
    os.close(ended)
    return found + shim_pipes.drain(pipes, 1 << 24)


def _of(pieces: list[shim_pipes.Piece], stream: bytes) -> bytes:
    return b"".join(data for tag, data in pieces if tag == stream)


@contextmanager
def _writing(pipes: Pipes, command: str) -> Generator[None]:
    """Have something write for as long as the block lasts."""
    out, err = pipes.writers()
    with subprocess.Popen(
        ["/bin/sh", "-c", command], stdout=out, stderr=err, process_group=0
    ) as process:
        yield
        os.killpg(process.pid, signal.SIGKILL)


def _heard(pipes: Pipes) -> bytes:
    """Return what one pump takes, once there is something."""
    (fd,) = pipes.watch()
    select.select([fd], [], [])
    return b"".join(data for _, data in pipes.pump(fd))


@pytest.mark.parametrize("kind", KINDS)
def test_both_streams_arrive_whole(kind: type[Pipes]) -> None:
    command = "seq 50000; seq 50000 >&2; seq 7; head -c 3000000 /dev/zero; echo end >&2"
    pieces = _run(kind(), command)
    numbers = b"".join(b"%d\n" % i for i in range(1, 50001))
    assert _of(pieces, STDOUT) == numbers + b"1\n2\n3\n4\n5\n6\n7\n" + bytes(3000000)
    assert _of(pieces, STDERR) == numbers + b"end\n"


@pytest.mark.skipif(sys.platform != "linux", reason="needs packet pipes")
def test_order_is_kept_again_after_a_flood() -> None:
    command = "head -c 4000000 /dev/zero; for i in $(seq 20); do echo o$i; echo e$i >&2; done"
    pieces = _run(shim_pipes.open_pipes(), command)
    merged = b"".join(data for _, data in pieces)
    assert merged.endswith(b"".join(b"o%d\ne%d\n" % (i, i) for i in range(10, 21)))


@pytest.mark.skipif(sys.platform != "linux", reason="needs packet pipes")
def test_a_kernel_without_packet_pipes_gets_plain_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_flags: int) -> tuple[int, int]:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(os, "pipe2", refuse)
    assert isinstance(shim_pipes.open_pipes(), shim_pipes.PlainPipes)


@pytest.mark.skipif(sys.platform != "linux", reason="needs packet pipes")
def test_a_pump_takes_a_bounded_amount() -> None:
    pipes = shim_pipes.open_pipes()
    with _writing(pipes, "yes & yes >&2 & yes & exec yes"):
        sizes = [len(_heard(pipes)) for _ in range(300)]
    assert 0 < max(sizes) <= 4 * 1024 * 1024


@pytest.mark.skipif(sys.platform != "linux", reason="needs packet pipes")
def test_a_pipe_that_a_command_has_made_wider_is_emptied_and_narrowed() -> None:
    pipes = shim_pipes.open_pipes()
    out, _ = pipes.writers()
    fcntl.fcntl(out, fcntl.F_SETPIPE_SZ, 1 << 20)
    for number in range(100):
        os.write(out, b"%d\n" % number)
    assert _heard(pipes) == b"".join(b"%d\n" % number for number in range(100))
    assert fcntl.fcntl(out, fcntl.F_GETPIPE_SZ) == mmap.PAGESIZE


@pytest.mark.skipif(sys.platform != "linux", reason="needs packet pipes")
def test_a_writer_that_would_sooner_fail_is_made_to_wait() -> None:
    pipes = shim_pipes.open_pipes()
    for end in pipes.writers():
        os.set_blocking(end, False)
        os.write(end, b"x")
    _heard(pipes)
    assert [os.get_blocking(end) for end in pipes.writers()] == [True, True]


@pytest.mark.skipif(sys.platform != "linux", reason="needs packet pipes")
def test_a_user_without_room_for_wide_pipes_has_narrow_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    control = fcntl.fcntl

    def refuse(fd: int, command: int, argument: int = 0) -> int:
        if command == fcntl.F_SETPIPE_SZ and argument > mmap.PAGESIZE:
            raise PermissionError(1, "Operation not permitted")
        return control(fd, command, argument)

    monkeypatch.setattr(fcntl, "fcntl", refuse)
    pieces = _run(shim_pipes.open_pipes(), "seq 30000; echo end >&2; echo out")
    merged = b"".join(data for _, data in pieces)
    assert merged == b"".join(b"%d\n" % i for i in range(1, 30001)) + b"end\nout\n"


@pytest.mark.skipif(sys.platform != "linux", reason="needs packet pipes")
def test_a_flood_beside_a_wide_pipe_that_is_not_empty_loses_nothing_of_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shim_lanes, "_FLOOD", 0)
    pipes = shim_pipes.open_pipes()
    out, err = pipes.writers()
    fcntl.fcntl(out, fcntl.F_SETPIPE_SZ, 1 << 20)
    written = [b"%d" % number * 500 for number in range(10)]
    for packet in written:
        os.write(out, packet)
    os.write(err, b"error")
    pieces = shim_pipes.drain(pipes, 1 << 24)
    assert (_of(pieces, STDOUT), _of(pieces, STDERR)) == (b"".join(written), b"error")
