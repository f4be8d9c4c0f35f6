"""One doorbell, rule by rule. The rest is in the state machine."""

from __future__ import annotations

import itertools

from signalpost.actors.bell_effects import Answer, Drop, Keep, Save, Waiter
from signalpost.actors.doorbell import EVERY_SECONDS, MAX_RINGS, Doorbell
from signalpost.actors.moment import Moment


def at(mono: float) -> Moment:
    return Moment(mono, 1000.0 + mono)


def a_bell(unread: int = 0, **words: float) -> Doorbell:
    """A bell at which mail has come, without what is to be done about that."""
    bell = Doorbell(itertools.count(1).__next__, every=words.pop("every", EVERY_SECONDS))
    if unread:
        bell.hear(unread, at(0), moved=True)
    bell.take_effects()
    return bell


def answers(bell: Doorbell) -> list[Answer]:
    return [effect for effect in bell.take_effects() if isinstance(effect, Answer)]


def test_the_cursor_is_the_time_and_never_stands_still() -> None:
    bell = a_bell()
    bell.hear(1, at(0), moved=True)
    assert bell.cursor == 1_000_000
    bell.hear(2, at(0), moved=True)
    assert bell.cursor == 1_000_001
    bell.hear(1, at(1), moved=False)
    assert bell.cursor == 1_000_001


def test_who_tells_keeps_others_from_telling() -> None:
    bell = a_bell(unread=1)
    assert bell.tell("hook:prompt", at(0))
    assert not bell.tell("hook:tools", at(100))
    assert [(ring.way, ring.outcome) for ring in bell.rings()] == [("hook:prompt", "shown")]


def test_a_ring_is_persisted_with_what_was_noticed() -> None:
    bell = a_bell(unread=1)
    bell.tell("hook:prompt", at(0))
    save, keep = bell.take_effects()
    assert isinstance(save, Save)
    assert isinstance(keep, Keep)
    assert bell.noticed == keep.rung.ring.cursor == bell.cursor


def test_a_hundred_rings_are_kept() -> None:
    bell = a_bell(every=0)
    for number in range(MAX_RINGS + 2):
        bell.hear(1, at(number), moved=True)
        assert bell.tell("plugin", at(number))
    assert [e.number for e in bell.take_effects() if isinstance(e, Drop)] == [1, 2]
    assert len(bell.rings()) == MAX_RINGS
    assert bell.numbers() == [*range(3, MAX_RINGS + 3)]


def test_what_became_of_a_ring_that_nobody_asked_for_counts_as_told() -> None:
    bell = a_bell(unread=1)
    bell.note(bell.cursor, "hook:stop", "held", "", at(1))
    assert not bell.has_news
    assert [(ring.way, ring.outcome) for ring in bell.rings()] == [("hook:stop", "held")]


def test_a_try_that_gave_up_before_it_rang_tells_nothing() -> None:
    bell = a_bell(unread=1)
    bell.note(bell.cursor, "channel", "gave_up", "no channel", at(1))
    assert bell.has_news


def test_what_gives_up_late_takes_nothing_back_that_was_told_since() -> None:
    bell = a_bell(unread=1, every=0)
    bell.wait(Waiter(b"c", b"s", "pty"), at(0))
    first = bell.cursor
    bell.hear(2, at(1), moved=True)
    assert bell.tell("hook:prompt", at(1))
    bell.note(first, "pty", "gave_up", "busy", at(2))
    assert not bell.has_news


def test_who_asks_again_for_a_ring_that_was_taken_back_waits_anew() -> None:
    bell, lost, other = a_bell(unread=1), Waiter(b"1", b"s", "wait"), Waiter(b"2", b"t", "wait")
    bell.wait(lost, at(0))
    bell.give_up(b"1", "whoever waited has died", at(1))
    bell.wait(other, at(10))
    assert [answer.waiter for answer in answers(bell)] == [lost, other]
    bell.wait(lost, at(20))
    assert answers(bell) == []
    bell.hear(2, at(30), moved=True)
    assert [answer.waiter for answer in answers(bell)] == [lost]


def test_time_in_which_the_broker_was_stopped_is_nobodys() -> None:
    bell = a_bell()
    bell.wait(Waiter(b"c", b"s", "wait", deadline=10), at(0))
    bell.wait(Waiter(b"d", b"s", "wait"), at(0))
    bell.shift(30)
    assert bell.next_deadline() == 40
    bell.advance(at(39))
    assert answers(bell) == []
    bell.advance(at(40))
    (over,) = answers(bell)
    assert (over.waiter.correlation, over.rung) == (b"c", None)


def test_of_two_bells_that_become_one_the_news_of_either_is_news() -> None:
    told, untold = a_bell(unread=1), a_bell(unread=1)
    told.hear(2, at(5), moved=True)
    told.tell("plugin", at(5))
    told.absorb(untold)
    assert (told.has_news, told.unread) == (True, 3)
    both = a_bell(unread=1)
    both.tell("plugin", at(0))
    both.absorb(told_bell())
    assert not both.has_news
    assert [ring.way for ring in both.rings()] == ["plugin", "plugin"]


def told_bell() -> Doorbell:
    bell = a_bell(unread=1)
    bell.hear(2, at(50), moved=True)
    bell.tell("plugin", at(50))
    return bell


def test_of_two_bells_that_become_one_who_waits_waits_on_and_off_is_off() -> None:
    bell, other = a_bell(), a_bell(every=7)
    other.adjust(on=False, every=None, now=at(0))
    other.wait(Waiter(b"c", b"s", "wait"), at(0))
    bell.absorb(other)
    assert (bell.on, bell.every) == (False, 7)
    assert [waiter.correlation for waiter in bell.dismiss()] == [b"c"]
    assert bell.dismiss() == []
