from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from signalpost.transport.heart import Heart

INTERVAL, SILENCE = 16.0, 30.0


def test_a_beat_is_due_an_interval_after_the_one_before() -> None:
    heart = Heart(100.0, SILENCE)
    assert heart.due(INTERVAL) == 116
    heart.beat(116.0)
    heart.heard(116.0)
    assert heart.due(INTERVAL) == 132


def test_a_broker_is_silent_after_so_many_seconds_and_not_at_the_next_beat() -> None:
    heart = Heart(0.0, SILENCE)
    heart.beat(16.0)
    assert heart.due(INTERVAL) == 30
    assert not heart.is_silent(29.9)
    assert heart.is_silent(30.0)


def test_who_was_stopped_itself_counts_the_silence_anew() -> None:
    heart = Heart(0.0, SILENCE)
    heart.stopped(500.0)
    assert not heart.is_silent(529.0)
    assert heart.is_silent(530.0)


def test_a_push_takes_a_beat_along_when_the_last_is_not_fresh() -> None:
    heart = Heart(0.0, SILENCE)
    assert not heart.may_ride(INTERVAL, 0.9)
    assert heart.may_ride(INTERVAL, 15.0)
    heart.beat(15.0)
    assert not heart.may_ride(INTERVAL, 15.9)
    assert heart.due(INTERVAL) == 30  # of what was heard last: nothing since the beginning


def test_who_is_pushed_to_every_15_s_is_woken_by_nothing_else() -> None:
    heart, now = Heart(0.0, SILENCE), 0.0
    for _ in range(100):
        now += 15
        assert heart.due(INTERVAL) > now
        heart.heard(now)
        assert heart.may_ride(INTERVAL, now)
        heart.beat(now)


@given(st.floats(0, 15))
def test_who_is_pushed_to_every_15_s_is_woken_by_nothing_else_from_the_third_push_on(
    first: float,
) -> None:
    heart, beats = Heart(0.0, SILENCE), list[float]()
    for now in (first + 15 * count for count in range(6)):
        while heart.due(INTERVAL) < now:
            beats.append(heart.due(INTERVAL))
            heart.beat(beats[-1])
        heart.heard(now)
        if heart.may_ride(INTERVAL, now):
            heart.beat(now)
    assert not [beat for beat in beats if beat > first + 30]


@given(st.floats(0, 1e9))
def test_when_nothing_was_heard_it_is_silent_at_the_very_time_when_that_is_due(now: float) -> None:
    heart = Heart(now, SILENCE)
    heart.beat(now + INTERVAL)
    due = heart.due(INTERVAL)
    assert heart.is_silent(due)  # else it would beat without end in that moment
