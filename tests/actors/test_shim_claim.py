from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from signalpost.actors.shim_claim import Claim

Make = Callable[..., Claim]
linux = pytest.mark.skipif(sys.platform != "linux", reason="nothing is drafted elsewhere")


@pytest.fixture
def faults() -> list[str]:
    return []


@pytest.fixture
def claim(tmp_path: Path, faults: list[str]) -> Make:
    def make(shim: int = 1, *, folder: str = "", cut_off: bool = False) -> Claim:
        path = f"{folder or tmp_path}/task_1.running"
        return Claim(path, lambda: {"shim": shim}, lambda: cut_off, faults)

    return make


def recorded(folder: Path) -> dict[str, int]:
    return {name: json.loads((folder / name).read_bytes())["shim"] for name in os.listdir(folder)}


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("drafted", [True, False])
def test_who_takes_it_has_the_record(claim: Make, tmp_path: Path, drafted: bool) -> None:
    one = claim()
    if drafted:
        one.draft()
    assert one.take()
    assert one.recorded
    assert recorded(tmp_path) == {"task_1.running": 1}
    assert (tmp_path / "task_1.running").stat().st_mode & 0o777 == 0o600


def test_a_draft_is_seen_by_nobody(claim: Make, tmp_path: Path) -> None:
    claim().draft()
    assert recorded(tmp_path) == {}


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("second", [True, False])
def test_only_one_gets_it(claim: Make, tmp_path: Path, first: bool, second: bool) -> None:
    claims = claim(1), claim(2)
    for one, drafted in zip(claims, (first, second), strict=True):
        if drafted:
            one.draft()
    assert [one.take() for one in claims] == [True, False]
    assert [one.recorded for one in claims] == [True, False]
    assert recorded(tmp_path) == {"task_1.running": 1}


@pytest.mark.parametrize("drafted", [True, False])
def test_where_the_broker_is_dead_nobody_gets_it_and_no_record_stays(
    claim: Make, tmp_path: Path, drafted: bool
) -> None:
    one = claim(cut_off=True)
    if drafted:
        one.draft()
    assert not one.take()
    assert recorded(tmp_path) == {}


@pytest.mark.parametrize("cut_off", [True, False])
def test_where_it_cannot_be_written_it_is_had_without_unless_the_broker_is_dead(
    claim: Make, faults: list[str], cut_off: bool
) -> None:
    one = claim(folder="/no/such", cut_off=cut_off)
    one.draft()
    assert one.take() == (not cut_off)
    assert not one.recorded
    assert faults == [f"record: {os.strerror(errno.ENOENT)}"]


@linux
@pytest.mark.parametrize("refused", ["open", "write", "link"])
def test_where_nothing_can_be_drafted_it_is_written_when_it_is_taken(
    claim: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    one, before = claim(), descriptors()
    with monkeypatch.context() as patch:
        patch.setattr(os, refused, refuse)
        one.draft()
    with monkeypatch.context() as patch:
        if refused == "link":
            patch.setattr(os, refused, refuse)
        assert one.take()
    assert recorded(tmp_path) == {"task_1.running": 1}
    assert descriptors() == before


@linux
def test_a_draft_leaves_no_descriptor_open(claim: Make) -> None:
    before = descriptors()
    one = claim()
    one.draft()
    one.draft()
    one.take()
    assert descriptors() == before
