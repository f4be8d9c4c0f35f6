from __future__ import annotations

import os
import select
import sys

import pytest

from signalpost.actors import shim_pipes
from signalpost.actors.shim_pipes import STDERR, STDOUT, Pipes

KINDS: list[type[Pipes]] = [shim_pipes.PlainPipes]
if sys.platform == "linux":
    KINDS.append(shim_pipes.OrderedPipes)


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


def test_a_pump_takes_a_bounded_amount() -> None:
    pipes = shim_pipes.open_pipes()
    out, _ = pipes.writers()
    os.set_blocking(out, False)
    os.write(out, b"x")
    sizes: list[int] = []
    for _ in range(3):
        for fd in pipes.watch():
            sizes += [sum(len(data) for _, data in pipes.pump(fd))]
        while True:
            try:
                os.write(out, bytes(4096))
            except BlockingIOError:
                break
    assert 0 < max(sizes) <= 512 * 1024
