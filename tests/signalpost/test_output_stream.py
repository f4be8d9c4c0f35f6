from __future__ import annotations

import contextlib
import os
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from signalpost.output_stream import MAX_PATH, STDERR, STDOUT, OutputStream, write_all

Frames = list[tuple[bytes, bytes]]


def framed(tag: bytes, data: bytes) -> bytes:
    return tag + len(data).to_bytes(4, "big") + data


def in_thread(stream: OutputStream) -> Future[Frames]:
    """Collect the stream's frames, as the command line does."""
    future: Future[Frames] = Future()
    threading.Thread(target=lambda: future.set_result(list(stream.frames())), daemon=True).start()
    return future


@pytest.fixture
def stream(folder: Path) -> Iterator[OutputStream]:
    with contextlib.closing(OutputStream(folder)) as opened:
        yield opened


def dial(stream: OutputStream) -> socket.socket:
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    peer.connect(stream.path)
    return peer


def test_frames_come_whole_and_in_order(stream: OutputStream) -> None:
    frames = in_thread(stream)
    with dial(stream) as peer:
        data = framed(STDOUT, b"out\n") + framed(STDERR, b"\xff\0err") + framed(STDOUT, b"")
        for at in range(len(data)):  # a frame may come in any pieces
            peer.sendall(data[at : at + 1])
    assert frames.result(5) == [(STDOUT, b"out\n"), (STDERR, b"\xff\0err")]
    assert stream.connected


def test_a_frame_of_any_size_is_passed_on_in_parts(stream: OutputStream) -> None:
    data = os.urandom(3_000_001)
    frames = in_thread(stream)
    with dial(stream) as peer:
        peer.sendall(framed(STDOUT, data))
    parts = frames.result(5)
    assert b"".join(part for _, part in parts) == data
    assert max(len(part) for _, part in parts) <= 256 * 1024


def test_a_shim_that_dies_in_the_middle_of_a_frame_ends_the_stream(stream: OutputStream) -> None:
    frames = in_thread(stream)
    with dial(stream) as peer:
        peer.sendall(framed(STDOUT, b"x" * 100)[:50])
    assert frames.result(5) == [(STDOUT, b"x" * 45)]


def test_nobody_comes_ends_the_wait_of_a_task_that_never_started(stream: OutputStream) -> None:
    frames = in_thread(stream)
    stream.nobody_comes()
    assert frames.result(5) == []
    assert not stream.connected


def test_a_shim_that_came_before_the_end_was_told_still_counts(stream: OutputStream) -> None:
    with dial(stream) as peer:
        peer.sendall(framed(STDOUT, b"fast"))
    stream.nobody_comes()
    assert in_thread(stream).result(5) == [(STDOUT, b"fast")]


def test_closing_ends_a_stream_whose_shim_stays(folder: Path) -> None:
    stream = OutputStream(folder)
    first = threading.Event()
    future: Future[Frames] = Future()

    def collect() -> None:
        frames: Frames = []
        for frame in stream.frames():
            frames.append(frame)
            first.set()
        future.set_result(frames)

    threading.Thread(target=collect, daemon=True).start()
    with dial(stream) as peer:
        peer.sendall(framed(STDOUT, b"a"))
        assert first.wait(5)
        stream.close()
        assert future.result(5) == [(STDOUT, b"a")]


def test_the_socket_is_private_and_gone_afterwards(folder: Path) -> None:
    stream = OutputStream(folder)
    assert stat.S_IMODE(os.stat(stream.path).st_mode) == 0o600
    stream.close()
    assert list(folder.iterdir()) == []


def test_too_long_a_path_gets_a_private_folder_in_tmp(folder: Path) -> None:
    deep = folder / ("x" * MAX_PATH)
    deep.mkdir()
    with contextlib.closing(OutputStream(deep)) as stream:
        scratch = Path(stream.path).parent
        assert scratch.parent == Path("/tmp")
        assert stat.S_IMODE(scratch.stat().st_mode) == 0o700
        dial(stream).close()
    assert not scratch.exists()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    for fd in (reader, writer):
        with contextlib.suppress(OSError):
            os.close(fd)


def started(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("blocking", [True, False])
def test_write_all_waits_for_a_slow_reader(pipe: tuple[int, int], blocking: bool) -> None:
    reader, writer = pipe
    os.set_blocking(writer, blocking)
    data = os.urandom(1_000_000)

    def write() -> None:
        write_all(writer, data)
        os.close(writer)

    thread = started(write)
    with open(reader, "rb", closefd=False) as file:
        assert file.read() == data
    thread.join(5)


def test_write_all_tells_that_nobody_reads(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    with pytest.raises(BrokenPipeError):
        write_all(pipe[1], b"x")
