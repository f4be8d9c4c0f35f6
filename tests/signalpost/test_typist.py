from __future__ import annotations

from math import inf

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from signalpost.keys import Keys
from signalpost.screen import Screen
from signalpost.typist import Effect, Look, Manners, News, Note, Type, Typist

MANNERS = Manners(quiet=1, still=3, submit=0.5, verify=10, attempts=3, patience=100)
NEWS = News(7, "mail waits")


class Desk:
    """A typist with its keys, its screen and a clock of its own."""

    def __init__(self) -> None:
        self.keys, self.screen = Keys(), Screen()
        self.typist = Typist(self.keys, self.screen, MANNERS)
        self.now = 1000.0

    def shows(self, data: bytes = b"working\r\n") -> None:
        self.screen.showed(data, self.now)

    def strikes(self, data: bytes) -> None:
        if self.keys.heard(data, self.now):
            self.screen.struck()

    def rings(self, news: News = NEWS) -> None:
        self.typist.rang(news, self.now)

    def wait(self) -> list[Effect]:
        """Let time pass until something is to be done, and do it."""
        deadline = self.typist.deadline()
        assert deadline < inf
        self.now = max(self.now, deadline)
        return self.typist.advance(self.now)

    def typed(self) -> None:
        """Have a notice typed."""
        assert self.wait() == [Type(b"mail waits")]
        assert Type(b"\r") in self.wait()

    def looks(self, *, moved: bool, unread: int = 0) -> list[Effect]:
        assert self.wait() == [Look(self.typist_cursor)]
        return self.typist.looked(moved=moved, unread=unread, now=self.now)

    typist_cursor = NEWS.cursor


def test_without_news_nothing_is_typed() -> None:
    desk = Desk()
    assert desk.typist.deadline() == inf
    assert desk.typist.advance(desk.now) == []


def test_a_notice_is_typed_once_the_program_is_quiet_and_then_return() -> None:
    desk = Desk()
    desk.shows()
    desk.rings()
    assert desk.typist.deadline() == desk.now + 1
    assert desk.wait() == [Type(b"mail waits")]
    assert desk.typist.deadline() == desk.now + 0.5
    assert desk.wait() == [Type(b"\r"), Note(7, "typed")]


def test_a_program_that_knows_pastes_gets_one() -> None:
    desk = Desk()
    desk.shows(b"\x1b[?2004h")
    desk.rings()
    assert desk.wait() == [Type(b"\x1b[200~mail waits\x1b[201~")]


def test_what_is_shown_meanwhile_puts_it_off() -> None:
    desk = Desk()
    desk.shows()
    desk.rings()
    desk.now += 0.9
    desk.shows()
    assert desk.typist.advance(desk.now + 0.2) == []
    assert desk.typist.deadline() == desk.now + 1


def test_it_waits_until_the_person_has_not_typed_for_a_while() -> None:
    desk = Desk()
    desk.strikes(b"ls\r")
    desk.rings()
    assert desk.typist.deadline() == desk.now + 3


def test_nothing_is_typed_into_a_half_typed_line_however_long_it_stands() -> None:
    desk = Desk()
    desk.strikes(b"make te")
    desk.rings()
    assert desk.wait() == [Note(7, "gave_up", "a line is half typed")]
    assert desk.now == 1000.0 + 100


def test_a_line_that_is_sent_makes_room() -> None:
    desk = Desk()
    desk.strikes(b"make te")
    desk.rings()
    desk.now += 50
    desk.strikes(b"st\r")
    assert desk.wait() == [Type(b"mail waits")]


def test_nothing_is_typed_into_a_dialog() -> None:
    desk = Desk()
    desk.shows(b"Overwrite? [y/N] ")
    desk.rings()
    assert desk.wait() == [Note(7, "gave_up", "a dialog is open")]


def test_a_program_that_is_never_quiet_is_not_disturbed() -> None:
    desk = Desk()
    desk.rings()
    for _ in range(200):
        desk.now += 0.5
        desk.shows()
        if effects := desk.typist.advance(desk.now):
            assert effects == [Note(7, "gave_up", "the program was never quiet")]
            return
    raise AssertionError("it was not given up")


def test_a_person_who_begins_to_type_beside_the_notice_sends_it_or_not() -> None:
    desk = Desk()
    desk.rings()
    assert desk.wait() == [Type(b"mail waits")]
    desk.strikes(b"x")
    assert desk.wait() == [Note(7, "gave_up", "the person began to type beside it")]


def test_an_inbox_that_moved_ends_it() -> None:
    desk = Desk()
    desk.rings()
    desk.typed()
    assert desk.looks(moved=True) == [Note(7, "read")]
    assert desk.typist.deadline() == inf


def test_an_inbox_that_did_not_move_has_it_typed_again_each_time_later() -> None:
    desk = Desk()
    desk.rings()
    gaps: list[float] = []
    for _ in range(MANNERS.attempts - 1):
        desk.typed()
        assert desk.looks(moved=False) == []
        gaps.append(desk.typist.deadline() - desk.now)
    assert gaps == [10, 20]
    desk.typed()
    [gave_up] = desk.looks(moved=False)
    assert gave_up == Note(7, "gave_up", "typed 3 times, and the inbox did not move")


def test_typed_is_told_once() -> None:
    desk = Desk()
    desk.rings()
    desk.typed()
    desk.looks(moved=False)
    assert desk.wait() == [Type(b"mail waits")]
    assert desk.wait() == [Type(b"\r")]


def test_news_that_comes_while_one_is_due_is_told_with_it() -> None:
    desk = Desk()
    desk.rings()
    desk.rings(News(8, "more mail waits"))
    assert desk.wait() == [Type(b"more mail waits")]
    assert desk.wait() == [Type(b"\r"), Note(8, "typed")]


def test_news_that_comes_after_a_notice_has_one_of_its_own_if_it_is_still_unread() -> None:
    for unread in (0, 1):
        desk = Desk()
        desk.rings()
        desk.typed()
        desk.rings(News(8, "more mail waits"))
        assert desk.looks(moved=True, unread=unread) == [Note(7, "read")]
        assert (desk.typist.deadline() < inf) == bool(unread)


def test_news_that_came_while_another_was_given_up_has_its_turn() -> None:
    desk = Desk()
    desk.rings()
    for _ in range(MANNERS.attempts):
        desk.typed()
        desk.wait()
        desk.rings(News(7, "mail waits"))
        desk.typist.looked(moved=False, unread=1, now=desk.now)
    assert desk.typist.deadline() == inf
    desk = Desk()
    desk.rings()
    for attempt in range(MANNERS.attempts):
        desk.typed()
        desk.wait()
        if attempt == MANNERS.attempts - 1:
            desk.rings(News(8, "more mail waits"))
        desk.typist.looked(moved=False, unread=2, now=desk.now)
    assert desk.wait() == [Type(b"more mail waits")]


class AnyCourse(RuleBasedStateMachine):
    """Whatever happens in whatever order: the person is never typed over."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk()
        self.cursor = 0
        self.typed: dict[int, int] = {}
        self.pasted = 0

    @rule(data=st.sampled_from([b"x", b"\r", b"\x7f", b"\x1b[A", b"\x03", b"\x1b[I"]))
    def strike(self, data: bytes) -> None:
        self.desk.strikes(data)

    @rule(data=st.sampled_from([b"working", b"\x1b[?2004h", b"ok? [y/N] ", b"$ "]))
    def show(self, data: bytes) -> None:
        self.desk.shows(data)

    @rule(seconds=st.sampled_from([0.1, 0.5, 1.0, 3.0, 11.0]))
    def pass_time(self, seconds: float) -> None:
        self.desk.now += seconds

    @rule()
    def ring(self) -> None:
        self.cursor += 1
        self.desk.rings(News(self.cursor, f"mail {self.cursor}"))

    @rule()
    def advance(self) -> None:
        desk = self.desk
        for effect in desk.typist.advance(desk.now):
            if isinstance(effect, Type) and effect.data != b"\r":
                assert not desk.keys.half_typed
                assert not desk.screen.asks
                assert desk.now - desk.screen.last >= MANNERS.quiet - 1e-9
                assert desk.now - desk.keys.last >= MANNERS.still - 1e-9
                self.pasted = self.cursor
                self.typed[self.cursor] = self.typed.get(self.cursor, 0) + 1
            elif isinstance(effect, Type):
                assert desk.keys.last < desk.now - MANNERS.submit + 1e-9

    @precondition(lambda self: self.desk.typist.stage == "looking")
    @rule(moved=st.booleans(), unread=st.integers(0, 2))
    def look(self, moved: bool, unread: int) -> None:
        desk = self.desk
        desk.typist.looked(moved=moved, unread=unread, now=desk.now)

    @invariant()
    def no_news_is_told_too_often(self) -> None:
        assert all(times <= MANNERS.attempts for times in self.typed.values())


TestAnyCourse = AnyCourse.TestCase


def test_newer_mail_is_told_at_once_when_the_notice_before_was_read() -> None:
    desk = Desk()
    desk.rings()
    desk.typed()
    newer = News(NEWS.cursor + 1, "more waits")
    assert desk.typist.rang(newer, desk.now, moved=True) == [Note(NEWS.cursor, "read")]
    assert desk.wait() == [Type(b"more waits")]


def test_newer_mail_waits_while_the_notice_before_is_not_read() -> None:
    desk = Desk()
    desk.rings()
    desk.typed()
    assert desk.typist.rang(News(NEWS.cursor + 1, "more waits"), desk.now) == []
    assert desk.typist.stage == "typed"
