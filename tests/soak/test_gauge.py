from __future__ import annotations

import pytest

from tests.soak.gauge import Sample, growth, growths, p99_ms, unbounded

LIFE_SECONDS = 300.0


def samples(rss: float = 0.0, *, restarts: bool = False) -> list[Sample]:
    """Return half an hour, one sample every 10 s; ``rss``: how many MiB a minute are leaked."""
    found: list[Sample] = []
    for at in range(0, 1800, 10):
        life = int(at // LIFE_SECONDS) if restarts else 0
        age = 20 + at - life * LIFE_SECONDS
        wobble = 2 * (at // 10 % 2)
        mib = 40 + wobble + rss * age / 60
        found.append(Sample(at, life, age, mib, 50, 5, 4.0, at / 100, 20.0))
    return found


def test_what_only_wobbles_does_not_grow() -> None:
    slopes = growths(samples())
    assert slopes["rss_mib"] == pytest.approx(0, abs=0.05)
    assert unbounded(slopes, LIFE_SECONDS) == []


@pytest.mark.parametrize("restarts", [False, True])
def test_a_leak_is_seen_though_every_new_broker_begins_small(*, restarts: bool) -> None:
    slopes = growths(samples(20.0, restarts=restarts))
    assert slopes["rss_mib"] == pytest.approx(20, abs=0.2)
    assert unbounded(slopes, LIFE_SECONDS) == ["rss_mib"]


def test_what_grows_in_the_first_third_alone_does_not_count() -> None:
    early = samples(60.0)[:60]
    assert growth([*early, *samples()[60:]], "rss_mib") == pytest.approx(0, abs=0.05)


def test_of_nothing_there_is_no_growth() -> None:
    assert growth([], "rss_mib") == 0


def test_one_in_a_hundred_may_be_slower() -> None:
    times = [(float(n), 0.001 if n < 99 else 5.0) for n in range(100)]
    assert p99_ms(times, -1, 100) == pytest.approx(1)
    assert p99_ms(times, 200, 300) is None
