"""Live output on unix sockets: to the caller, and to those who follow."""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from signalpost.actors.shim_streams import Streams


class Peer:
    """A watcher's socket."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / f"out-{os.urandom(3).hex()}.sock")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen()
        self._end: socket.socket | None = None

    @property
    def end(self) -> socket.socket:
        if self._end is None:
            self._end, _ = self._listener.accept()
            self._end.settimeout(10)
        return self._end

    def frame(self) -> tuple[bytes, bytes]:
        head = self._exactly(5)
        return head[:1], self._exactly(int.from_bytes(head[1:], "big"))

    def close(self) -> None:
        self._listener.close()
        if self._end is not None:
            self._end.close()

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            data += self.end.recv(size - len(data)) or pytest.fail("ended")
        return data


@pytest.fixture
def peer() -> Iterator[Peer]:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        peer = Peer(Path(folder))
        yield peer
        peer.close()


@pytest.fixture
def selector() -> Iterator[selectors.BaseSelector]:
    with selectors.DefaultSelector() as selector:
        yield selector


@pytest.fixture
def streams(selector: selectors.BaseSelector) -> Iterator[Streams]:
    with contextlib.closing(Streams(selector)) as streams:
        yield streams


def test_the_caller_gets_each_piece_with_its_stream(peer: Peer, streams: Streams) -> None:
    streams.call(peer.path)
    streams.send(b"1", b"out")
    streams.send(b"2", b"err")
    assert [peer.frame(), peer.frame()] == [(b"1", b"out"), (b"2", b"err")]
    assert not streams.pending


def test_a_follower_first_learns_the_size_of_the_log(peer: Peer, streams: Streams) -> None:
    streams.follow(peer.path, 4711)
    streams.send(b"1", b"new")
    assert peer.frame() == (b"@", (4711).to_bytes(8, "big"))
    assert peer.frame() == (b"1", b"new")


def test_a_slow_caller_holds_the_output_back_and_loses_nothing(
    peer: Peer, streams: Streams, selector: selectors.BaseSelector
) -> None:
    streams.call(peer.path)
    sent = 0
    while not streams.congested or sent < 60:
        streams.send(b"1", bytes(100_000))
        sent += 1
    received = bytearray()
    peer.end.setblocking(False)
    while len(received) < sent * 100_005:
        for key, _ in selector.select(0):
            streams.flush(key.data)
        received += peer.end.recv(1 << 20)
    assert bytes(received) == sent * (b"1" + (100_000).to_bytes(4, "big") + bytes(100_000))
    assert not streams.congested


def test_a_caller_that_went_away_holds_nothing_back(
    peer: Peer, streams: Streams, selector: selectors.BaseSelector
) -> None:
    streams.call(peer.path)
    while not streams.congested:
        streams.send(b"1", bytes(100_000))
    peer.end.close()
    for key, _ in selector.select(10):
        streams.flush(key.data)
    assert not streams.congested
    assert not streams.pending
    streams.send(b"1", b"more")


def test_a_follower_too_far_behind_is_cut_off(peer: Peer, streams: Streams) -> None:
    streams.follow(peer.path, 0)
    for _ in range(50):
        streams.send(b"1", bytes(100_000))
        assert not streams.congested
    assert not streams.pending
    total = 0
    while data := peer.end.recv(1 << 20):
        total += len(data)
    assert 0 < total < 5_000_000


def test_a_caller_who_is_not_there_is_done_without(streams: Streams) -> None:
    streams.call("/no/such.sock")
    streams.follow("/" + "x" * 200, 0)
    streams.send(b"1", b"out")
    assert not streams.congested
