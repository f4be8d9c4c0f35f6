from __future__ import annotations

import pytest

from bench.samples import Samples, growth, percentile, quantiles, slope


def test_a_percentile_is_a_value_that_was_measured() -> None:
    ordered = [float(number) for number in range(1, 101)]
    assert [percentile(ordered, p) for p in (0, 50, 90, 99, 100)] == [1, 51, 91, 100, 100]


def test_of_one_value_every_percentile_is_that_value() -> None:
    assert {Samples("a", [7.0]).percentile(p) for p in (0, 50, 99, 100)} == {7.0}


def test_samples_need_not_be_in_order() -> None:
    assert Samples("a", [3.0, 1.0, 2.0]).percentile(50) == 2.0


def test_nothing_measured_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        Samples("a").percentile(50)


def test_quantiles_rise_and_end_at_the_greatest() -> None:
    drawn = quantiles([float(number % 997) for number in range(5000)], 1e3)
    assert drawn == sorted(drawn)
    assert drawn[0] == (0, 0.0)
    assert drawn[-1] == (100, 996e3)


def test_few_values_are_drawn_by_few_points() -> None:
    assert len(quantiles([1.0, 2.0, 3.0])) <= 5


def test_the_warm_up_is_forgotten_with_its_cpu() -> None:
    samples = Samples("a", [1.0])
    samples.used("broker", 2.0)
    samples.metered = 1
    samples.clear()
    assert samples == Samples("a")


def test_cpu_adds_up_by_process() -> None:
    samples = Samples("a")
    samples.used("broker", 1.0)
    samples.used("client", 5.0)
    samples.used("broker", 0.5)
    assert samples.cpu == {"broker": 1.5, "client": 5.0}


def test_a_slope_is_that_of_the_line() -> None:
    assert slope([(0.0, 5.0), (10.0, 25.0), (20.0, 45.0)]) == pytest.approx(2.0)


def test_a_slope_takes_two_places() -> None:
    with pytest.raises(ValueError, match="two different"):
        slope([(1.0, 2.0), (1.0, 3.0)])


def test_growth_is_named() -> None:
    assert growth([(1000.0, 1.1), (1.0, 1.0)]).startswith("flat: 1.10 x from 1 to 1,000")
    assert growth([(1.0, 1.0), (1000.0, 3.0)]).startswith("grows: 3.00 x")
