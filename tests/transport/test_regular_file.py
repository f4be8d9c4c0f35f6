"""Everything here is opened at once: a test that fails by waiting is ended by its alarm."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path

import pytest

from signalpost.transport.regular_file import MIB, open_regular, read_regular

SECONDS = 20


@pytest.fixture(autouse=True)
def alarm() -> Generator[None]:
    def ring(_number: int, _frame: object) -> None:
        raise TimeoutError("it was waited for")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def listening(path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as made:
        made.bind(str(path))


OTHERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a pipe": (os.mkfifo, "it is a named pipe, not a file"),
    "a folder": (Path.mkdir, "it is a folder, not a file"),
    "a socket": (listening, "it is a socket, not a file"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "it is a device, not a file"),
}
WAYS = {
    "read": os.O_RDONLY,
    "written": os.O_WRONLY | os.O_CREAT | os.O_APPEND,
    "both": os.O_RDWR | os.O_CREAT,
}


@pytest.mark.parametrize("flags", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(("make", "told"), OTHERS.values(), ids=OTHERS)
def test_what_is_no_file_is_refused_at_once_and_named(
    tmp_path: Path, make: Callable[[Path], object], told: str, flags: int
) -> None:
    path = tmp_path / "it"
    make(path)
    with pytest.raises(OSError, match=told) as caught:
        open_regular(path, flags)
    assert caught.value.strerror == told
    assert caught.value.filename == str(path)


def test_a_pipe_at_whose_other_end_somebody_is_is_none_either(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    other = os.open(tmp_path / "pipe", os.O_RDWR)
    for flags in WAYS.values():
        with pytest.raises(OSError, match="a named pipe"):
            open_regular(tmp_path / "pipe", flags)
    os.close(other)


def test_nothing_stays_open_of_what_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    before = os.listdir("/dev/fd")
    with pytest.raises(OSError, match="a named pipe"):
        open_regular(tmp_path / "pipe")
    assert os.listdir("/dev/fd") == before


def test_a_file_is_made_for_this_user_alone_and_is_not_left_to_programs(tmp_path: Path) -> None:
    descriptor = open_regular(tmp_path / "new", os.O_RDWR | os.O_CREAT)
    assert os.fstat(descriptor).st_mode & 0o777 == 0o600
    assert not os.get_inheritable(descriptor)
    os.close(descriptor)


def test_a_missing_file_and_an_unwanted_link_are_told_as_ever(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "gone", 10)
    (tmp_path / "file").write_bytes(b"here")
    (tmp_path / "link").symlink_to("file")
    assert read_regular(tmp_path / "link", 10) == b"here"
    with pytest.raises(OSError, match="symbolic"):
        read_regular(tmp_path / "link", 10, os.O_NOFOLLOW)


def test_a_file_is_read_whole_or_refused_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 1024)
    assert read_regular(path, 1024) == b"x" * 1024
    with pytest.raises(OSError, match="it is larger than 1 KiB"):
        path.write_bytes(b"x" * 1025)
        read_regular(path, 1024)
    os.truncate(path, 1 << 30)
    with pytest.raises(OSError, match="it is larger than 1 MiB"):
        read_regular(path, MIB)
