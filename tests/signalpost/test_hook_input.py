from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import pytest

from signalpost import hook_input
from signalpost.hook_input import MAX_INPUT, BadInput, read_given

Pipe = tuple[int, int]
PATIENCE = 10.0


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    reader, writer = os.pipe()
    yield reader, writer
    os.close(reader)


def fed(pipe: Pipe, data: bytes) -> int:
    os.write(pipe[1], data)
    os.close(pipe[1])
    return pipe[0]


def test_an_object_is_read_to_its_end(pipe: Pipe) -> None:
    assert read_given(fed(pipe, b'{"cwd": "/work", "new": [1]}')) == {"cwd": "/work", "new": [1]}


@pytest.mark.parametrize("data", [b"", b" ", b"[]", b"null", b'"x"', b"{", b"\xff{}", b"{}{}"])
def test_what_is_no_object_is_bad_input(pipe: Pipe, data: bytes) -> None:
    with pytest.raises(BadInput):
        read_given(fed(pipe, data))


def test_a_deep_nest_is_bad_input(pipe: Pipe) -> None:
    with pytest.raises(BadInput):
        read_given(fed(pipe, b'{"a":' + b"[" * 50_000))


def test_the_complaint_holds_nothing_of_the_input(pipe: Pipe) -> None:
    with pytest.raises(BadInput, match=r"^8 bytes of input are no JSON object$"):
        read_given(fed(pipe, b"password"))


def test_too_much_is_read_to_its_end_and_refused(pipe: Pipe) -> None:
    reader, writer = pipe
    data = b'{"a":"' + b"x" * (2 * MAX_INPUT) + b'"}'

    def feed() -> None:
        left = memoryview(data)
        while left:
            left = left[os.write(writer, left) :]
        os.close(writer)

    feeder = threading.Thread(target=feed)
    feeder.start()
    with pytest.raises(BadInput, match="the limit is 1048576"):
        read_given(reader, PATIENCE)
    feeder.join(PATIENCE)
    assert not feeder.is_alive()


def test_a_client_that_keeps_its_end_open_is_not_waited_for(pipe: Pipe) -> None:
    reader, writer = pipe
    os.write(writer, b'{"a": {}}\n')
    began = time.monotonic()
    assert read_given(reader, PATIENCE) == {"a": {}}
    assert time.monotonic() - began < PATIENCE
    os.close(writer)


@pytest.mark.parametrize("most", range(1, 9))
def test_an_object_that_comes_in_pieces_is_put_together(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(hook_input, "_CHUNK", most)
    data = b'{"a": {"b": 1}, "c": "}"}\n'
    assert read_given(fed(pipe, data)) == {"a": {"b": 1}, "c": "}"}


def test_a_client_that_writes_nothing_is_not_waited_for(pipe: Pipe) -> None:
    reader, writer = pipe
    began = time.monotonic()
    with pytest.raises(BadInput):
        read_given(reader, 0.05)
    assert time.monotonic() - began < PATIENCE
    os.close(writer)
