from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from signalpost.actors.shim_log import CappedLog, Ring


@given(st.integers(0, 9), st.lists(st.binary(max_size=25)))
def test_a_ring_keeps_just_the_last_bytes(size: int, pieces: list[bytes]) -> None:
    ring = Ring(size)
    for piece in pieces:
        ring.write(piece)
    whole = b"".join(pieces)
    assert ring.content() == (whole[-size:] if size else b"")
    assert ring.written == len(whole)


def _log(path: Path, head: int, tail: int, pieces: list[bytes]) -> CappedLog:
    log = CappedLog(head_bytes=head, tail_bytes=tail)
    log.open(str(path), b"H")
    for piece in pieces:
        log.write(piece)
    return log


def test_output_within_the_bounds_is_not_cut(tmp_path: Path) -> None:
    log = _log(tmp_path / "a", 3, 3, [b"ab", b"cdef"])
    log.finish(b"S")
    assert (tmp_path / "a").read_bytes() == b"HabcdefS"
    assert log.cut_bytes == 0


def test_the_head_is_on_disk_before_the_end(tmp_path: Path) -> None:
    log = _log(tmp_path / "a", 3, 3, [b"ab", b"cdef"])
    assert (tmp_path / "a").read_bytes() == b"Habc"
    assert log.size == 4


def test_one_byte_too_many_is_cut_and_said(tmp_path: Path) -> None:
    log = _log(tmp_path / "a", 3, 3, [b"abcdefg"])
    log.finish(b"S")
    assert (tmp_path / "a").read_bytes() == b"Habc\n--- 1 bytes cut ---\nefgS"
    assert log.cut_bytes == 1


def test_a_full_disk_ends_the_logging_and_is_remembered(tmp_path: Path) -> None:
    log = _log(tmp_path / "a", 100, 3, [b"ab"])
    disk = next(fd for fd in range(3, 4096) if _is(fd, tmp_path / "a"))
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, disk)
    log.write(b"cd")
    log.finish(b"S")
    assert log.error == "log cut short: No space left on device"
    assert (tmp_path / "a").read_bytes() == b"Hab"
    os.close(full)
    os.close(disk)


def _is(fd: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except OSError:
        return False
