"""Turns that pass from shim to shim are still one at a time, in order, and each has one end."""

from __future__ import annotations

import pytest

from signalpost.actors.queue_actor import QueueActor
from signalpost.actors.succession import Succession
from tests.simulation.scenario import played
from tests.simulation.test_simulation import seeds
from tests.simulation.turns_course import TurnsCourse


def wrong(seed: int, least: int = 0) -> list[str]:
    with played(seed, TurnsCourse) as (course, found):
        assert course.passed >= least
        return found.wrong + course.wrong()


@pytest.mark.parametrize("seed", seeds()[:5])
def test_whoever_begins_by_himself_is_never_cancelled_as_if_he_waited(seed: int) -> None:
    assert wrong(seed, least=10) == [], f"SIGNALPOST_SEEDS={seed}"


@pytest.mark.soak
def test_nor_in_three_hundred_seeds() -> None:
    found = {seed: wrong(seed) for seed in range(300)}
    assert {seed: faults for seed, faults in found.items() if faults} == {}


def test_an_actor_that_acts_while_the_right_is_out_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    settle = QueueActor._settle  # pyright: ignore[reportPrivateUsage]

    def only_with_a_death(self: QueueActor) -> None:
        if self._resting:  # pyright: ignore[reportPrivateUsage]
            settle(self)

    monkeypatch.setattr(QueueActor, "_settle", only_with_a_death)
    assert any(wrong(seed) for seed in range(5))


def test_an_actor_that_does_not_heed_who_has_begun_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Succession.withdraw

    def deaf(self: Succession) -> None:
        right(self)

    monkeypatch.setattr(Succession, "withdraw", deaf)
    assert any(wrong(seed) for seed in range(5))
