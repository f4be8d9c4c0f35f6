from __future__ import annotations

import os
from collections.abc import Sequence

import pytest

from tests.simulation.scenario import run

SEEDS = range(1, 26)
"""As many as take a few seconds. More: ``SIGNALPOST_SEEDS=1000-2000``."""


def seeds() -> Sequence[int]:
    """Return the seeds to try."""
    first, _, last = os.environ.get("SIGNALPOST_SEEDS", "").partition("-")
    return range(int(first), int(last or first) + 1) if first else SEEDS


@pytest.mark.parametrize("seed", seeds())
def test_nothing_is_lost_doubled_or_left_waiting_whatever_goes_wrong(seed: int) -> None:
    found = run(seed)
    assert found.wrong == [], f"SIGNALPOST_SEEDS={seed}: {found.counts}"


@pytest.mark.soak
@pytest.mark.parametrize("hundred", range(1, 21))
def test_nor_in_two_thousand_seeds(hundred: int) -> None:
    found = [run(seed) for seed in range(100 * hundred, 100 * hundred + 100)]
    assert {one.seed: one.wrong for one in found if one.wrong} == {}
