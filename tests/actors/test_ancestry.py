from __future__ import annotations

import os

import pytest

from signalpost.actors.ancestry import lineage
from signalpost.transport import process


def test_the_nearest_comes_first_and_each_is_known_by_its_start_time() -> None:
    found = lineage(os.getpid())
    assert [pid for pid, _ in found[:2]] == [os.getpid(), os.getppid()]
    assert found[1][1] == process.start_time(os.getppid())
    assert all(pid > 1 and started >= 0 for pid, started in found)


def test_nobody_is_above_a_process_that_is_gone() -> None:
    assert lineage(2**22 + 1) == ((2**22 + 1, 0.0),)
    assert lineage(0) == ()


def test_nobody_is_above_the_nearest_client(monkeypatch: pytest.MonkeyPatch) -> None:
    above = {9: 7, 7: 5, 5: 3, 3: 1}
    lines: dict[int, str] = {9: "hook", 7: "/bin/sh -c hook", 5: "claude -p", 3: "claude"}
    monkeypatch.setattr(process, "parent", above.__getitem__)

    def words(pid: int) -> list[str]:
        return lines[pid].split()

    monkeypatch.setattr(process, "words", words)
    assert [pid for pid, _ in lineage(9)] == [9, 7, 5]
    assert [pid for pid, _ in lineage(3)] == [3]
