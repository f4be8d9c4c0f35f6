"""Many brief courses. ``SIGNALPOST_SEEDS=1-2000 pytest tests/simulation/test_skirmish.py`` for others."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest

from tests.simulation.scenario import run
from tests.simulation.skirmish import Skirmish
from tests.simulation.test_simulation import seeds

DOZEN = 12


def dozens() -> list[Sequence[int]]:
    """Return the seeds to try, a dozen at a time."""
    every = seeds() if os.environ.get("SIGNALPOST_SEEDS") else range(1, 20 * DOZEN + 1)
    return [every[first : first + DOZEN] for first in range(0, len(every), DOZEN)]


def wrong(tried: Sequence[int]) -> dict[int, list[str]]:
    """Return by seed what was wrong."""
    found = {seed: run(seed, Skirmish).wrong for seed in tried}
    return {seed: faults for seed, faults in found.items() if faults}


@pytest.mark.parametrize("tried", dozens(), ids=lambda tried: f"from {tried[0]}")
def test_no_skirmish_loses_doubles_or_leaves_anything_waiting(tried: Sequence[int]) -> None:
    assert wrong(tried) == {}


@pytest.mark.soak
@pytest.mark.parametrize("hundred", range(100))
def test_nor_do_ten_thousand(hundred: int) -> None:
    assert wrong(range(100 * hundred + 1, 100 * hundred + 101)) == {}


def test_a_skirmish_replays_exactly() -> None:
    assert run(7, Skirmish).trace == run(7, Skirmish).trace
