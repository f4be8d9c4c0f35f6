import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalpost.actors.estimate import Estimate, queue_eta

seconds = st.floats(0, 1e6)


def test_nothing_is_expected_of_the_unknown() -> None:
    assert Estimate().expect("make", "/src") is None


@given(st.lists(seconds, min_size=1, max_size=20))
def test_the_median_of_the_latest_five_is_expected(runs: list[float]) -> None:
    estimate = Estimate()
    for run in runs:
        estimate.learn("make", "/src", run)
    assert estimate.expect("make", "/src") == pytest.approx(statistics.median(runs[-5:]))


def test_the_same_command_elsewhere_is_another_one() -> None:
    estimate = Estimate()
    estimate.learn("make", "/a", 1)
    estimate.learn("make", "/b", 2)
    assert (estimate.expect("make", "/a"), estimate.expect("make", "/b")) == (1, 2)


def test_the_least_recently_used_goes() -> None:
    estimate = Estimate(max_keys=2)
    estimate.learn("a", "/", 1)
    estimate.learn("b", "/", 2)
    estimate.expect("a", "/")
    estimate.learn("c", "/", 3)
    assert [estimate.expect(name, "/") for name in "abc"] == [1, None, 3]


def test_two_thousand_commands_are_remembered() -> None:
    estimate = Estimate()
    for number in range(2_001):
        estimate.learn(str(number), "/", number)
    assert estimate.expect("0", "/") is None
    assert estimate.expect("1", "/") == 1


@pytest.mark.parametrize(
    ("running", "ahead", "own", "width", "eta"),
    [
        ([], [], 10, 1, 10),
        ([(30, 10)], [], 5, 1, 25),
        ([(30, 10)], [7], 5, 1, 32),
        ([(30, 40)], [], 5, 1, 5),  # it takes longer than expected: any moment now
        ([(30, 10), (30, 20)], [], 5, 2, 15),
        ([(30, 10)], [], 5, 2, 5),
        ([(30, 10)], [4, 4], 5, 2, 13),
        ([(None, 10)], [], 5, 1, None),
        ([(None, 10)], [], 5, 2, 5),  # a slot is free: nothing hangs on the unknown
        ([(30, 10)], [None], 5, 1, None),
        ([(30, 10)], [], None, 1, None),
        ([(10, 0), (20, 0), (40, 0)], [], 5, 2, 25),  # made narrower: two have to end
        ([(None, 0), (20, 0)], [], 5, 1, None),
    ],
)
def test_the_time_until_the_end_is_foretold(
    running: list[tuple[float | None, float]],
    ahead: list[float | None],
    own: float | None,
    width: int,
    eta: float | None,
) -> None:
    assert queue_eta(running, ahead, own, width) == eta


@given(st.lists(st.tuples(seconds, seconds)), st.lists(seconds), seconds)
def test_one_slot_serves_everything_in_a_row(
    running: list[tuple[float, float]], ahead: list[float], own: float
) -> None:
    left = max((max(0.0, expected - elapsed) for expected, elapsed in running), default=0.0)
    eta = queue_eta(running, ahead, own, 1)
    assert eta is not None
    assert math.isclose(eta, left + sum(ahead) + own, abs_tol=1e-6)


@given(
    st.lists(st.tuples(seconds, seconds), max_size=4),
    st.lists(seconds, max_size=8),
    seconds,
    st.integers(1, 8),
)
def test_more_slots_are_never_slower(
    running: list[tuple[float, float]], ahead: list[float], own: float, width: int
) -> None:
    narrow = queue_eta(running, ahead, own, width)
    wide = queue_eta(running, ahead, own, width + 1)
    assert narrow is not None
    assert wide is not None
    assert own <= wide <= narrow
