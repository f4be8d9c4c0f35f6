"""The checker of histories against the exhaustive search, and whether it sees what it is for."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from tests.simulation.queue_history import EVER, Got, History, Put, is_linearizable, violation


def recorded(chance: random.Random, steps: int, clients: int, *, reorders: float = 0) -> History:
    """Return what clients of a right queue see, but that it may hand out a wrong value at times.

    Each operation takes effect at some moment between its start and its end.
    """
    free_at = [0.0] * clients
    moments: list[tuple[float, float, float]] = []
    for _ in range(steps):
        client = chance.randrange(clients)
        start = free_at[client] + chance.random()
        end = free_at[client] = start + 3 * chance.random()
        moments.append((chance.uniform(start, end), start, end))
    history, queue = History(), list[str]()
    for number, (_, start, end) in enumerate(sorted(moments)):
        if chance.random() < 0.55:
            _put(chance, history, queue, Put(str(number), start, end))
        else:
            place = chance.randrange(len(queue)) if queue and chance.random() < reorders else 0
            value = queue.pop(place) if queue else None
            history.gots.append(Got(value, start, end))
    return history


def _put(chance: random.Random, history: History, queue: list[str], put: Put) -> None:
    told = chance.random() < 0.9
    if told or chance.random() < 0.5:
        queue.append(put.value)
    history.puts[put.value] = put if told else replace(put, end=EVER)


def test_it_agrees_with_the_exhaustive_search() -> None:
    chance = random.Random(7)
    bad = 0
    for number in range(1500):
        history = recorded(chance, chance.randrange(3, 10), 3, reorders=0.3 * (number % 2))
        if number % 3 == 0:  # something is found empty, or twice, or too early
            history.gots.append(Got(chance.choice([None, "0", "1"]), *_span(chance)))
        right = is_linearizable(history)
        assert (violation(history) == "") == right, history
        bad += not right
    assert bad > 200


def _span(chance: random.Random) -> tuple[float, float]:
    start = chance.uniform(0, 6)
    return start, start + chance.random()


@pytest.mark.parametrize("reorders", [0.0, 0.002])
def test_it_sees_a_rare_reorder_among_very_many_operations(reorders: float) -> None:
    history = recorded(random.Random(7), 20_000, 8, reorders=reorders)
    assert bool(violation(history)) == bool(reorders)
