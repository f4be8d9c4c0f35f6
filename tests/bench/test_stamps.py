from __future__ import annotations

import pytest

from bench.stamps import Overlap, gaps


def test_a_gap_is_from_an_end_to_the_next_start() -> None:
    lines = ["start 0", "end 1000000000", "start 1500000000", "end 2000000000"]
    assert gaps(lines, 2) == [0.5]


def test_tasks_that_overlap_are_not_measured() -> None:
    with pytest.raises(Overlap, match="overlapped"):
        gaps(["start 0", "start 1", "end 2", "end 3"], 2)


def test_a_missing_task_is_noticed() -> None:
    with pytest.raises(Overlap, match="missing"):
        gaps(["start 0", "end 1"], 2)
