"""A doorbell on a virtual clock, beside a model that is too simple to be wrong."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any, cast

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from signalpost.actors.bell_effects import Answer, Keep, Rung, Waiter
from signalpost.actors.doorbell import EVERY_SECONDS, Doorbell
from signalpost.actors.doubt import RETURN_SECONDS
from signalpost.actors.moment import Moment
from signalpost.transport.letters import RingOutcome

EPOCH = 1_000_000.0
INDEX = st.integers(0, 5)


class DoorbellMachine(RuleBasedStateMachine):
    """What is claimed of a doorbell, whatever is done to it."""

    kind: type[Doorbell] = Doorbell

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.numbers = itertools.count(1)
        self.bell = self.kind(self.numbers.__next__)
        self.unread = self.cursor = self.noticed = 0
        self.on, self.every, self.last = True, EVERY_SECONDS, -1e9
        self.waiting: dict[bytes, Waiter] = {}
        self.told: set[int] = set()
        """The cursors of which the agent was told, and of which nobody gave up since."""
        self.rung: dict[bytes, Rung] = {}
        self.rings_for: Counter[int] = Counter()
        """By cursor: how many who waited were rung."""
        self.goodbyes: set[int] = set()
        """The cursors that somebody was told who has said goodbye since."""
        self.doubted: dict[bytes, Rung] = {}
        self.doubt_ends = 0.0
        self.on_disk: dict[int, Rung] = {}

    # ------------------------------------------------------------ the world

    @rule(count=st.integers(1, 3))
    def mail_comes(self, count: int) -> None:
        self.unread += count
        self._hear(moved=True)

    @precondition(lambda self: cast("DoorbellMachine", self).unread > 0)
    @rule()
    def mail_is_taken(self) -> None:
        self.unread -= 1
        self._hear(moved=False)

    @rule()
    def somebody_tells(self) -> None:
        due = self._is_due()
        assert self.bell.tell("hook:prompt", self.moment()) == due
        if due:
            self._ring()
        self._check()

    @rule(
        after=st.sampled_from(["nothing", "all", "all but the last"]),
        seconds=st.sampled_from([None, 0.0, 1.0, 20.0]),
    )
    def somebody_waits(self, after: str, seconds: float | None) -> None:
        known = {"nothing": 0, "all": self.cursor, "all but the last": self.cursor - 1}[after]
        name = b"%d" % next(self.numbers)
        waiter = Waiter(
            name, name[-1:], "wait", known, None if seconds is None else self.now + seconds
        )
        back = [c for c, r in self.doubted.items() if r.ring.cursor == known]
        back = back if self.rings_for[known] == 1 else []
        assert self.bell.claim(waiter) == back
        for request in back:
            del self.doubted[request]
        self.waiting[name] = waiter
        self.bell.wait(waiter, self.moment())
        self._check()

    @precondition(lambda self: bool(cast("DoorbellMachine", self).rung))
    @rule(which=INDEX)
    def a_request_that_was_rung_comes_again(self, which: int) -> None:
        name = self._some(self.rung, which)
        self.doubted.pop(name, None)
        again = Waiter(name, b"s", "wait")
        if self.rung[name].ring.outcome == "gave_up":  # somebody else may have been told since
            del self.rung[name]
            self.waiting[name] = again
            self.bell.wait(again, self.moment())
            self._check()
            return
        self.bell.wait(again, self.moment())
        (answer,) = [e for e in self.bell.take_effects() if isinstance(e, Answer)]
        assert answer.rung is self.rung[name]

    @precondition(lambda self: bool(cast("DoorbellMachine", self).waiting))
    @rule(which=INDEX)
    def who_waits_gives_up(self, which: int) -> None:
        name = self._some(self.waiting, which)
        del self.waiting[name]
        self.bell.give_up(name, "given up", self.moment())
        self._check()

    @precondition(lambda self: bool(cast("DoorbellMachine", self).waiting))
    @rule(which=INDEX)
    def a_session_goes(self, which: int) -> None:
        session = self.waiting[self._some(self.waiting, which)].session
        for name in [c for c, w in self.waiting.items() if w.session == session]:
            del self.waiting[name]
            self.bell.leave(name)

    @precondition(lambda self: bool(cast("DoorbellMachine", self).rung))
    @rule(which=INDEX, outcome=st.sampled_from(["typed", "read", "gave_up"]))
    def something_becomes_of_a_ring(self, which: int, outcome: RingOutcome) -> None:
        rung = self.rung[self._some(self.rung, which)]
        cursor = rung.ring.cursor
        # Which of several is meant nobody can tell.
        if self.rings_for[cursor] > 1 or cursor in self.goodbyes:
            return
        self.doubted = {c: r for c, r in self.doubted.items() if r is not rung}
        if outcome == "gave_up":
            self._take_back(cursor)
        else:
            self.told.add(cursor)
            self.noticed = max(self.noticed, cursor)
        self.bell.note(cursor, "wait", outcome, "", self.moment())
        assert rung.ring.outcome == outcome
        self._check()

    @precondition(lambda self: bool(cast("DoorbellMachine", self).rung))
    @rule(which=INDEX, died=st.booleans())
    def who_was_rung_goes(self, which: int, died: bool) -> None:
        name = self._some(self.rung, which)
        ring = self.rung.pop(name).ring
        self.doubted.pop(name, None)
        if died:
            if ring.outcome == "woke":
                self._take_back(ring.cursor)
            self.bell.give_up(name, "died", self.moment())
        else:
            self.bell.leave(name)
        self.goodbyes.add(ring.cursor)
        self._check()

    @rule()
    def the_broker_dies_and_another_begins(self) -> None:
        before = self.bell
        self._check()
        self.bell = self.kind(
            self.numbers.__next__,
            on=before.on,
            every=before.every,
            cursor=before.cursor,
            noticed=before.noticed,
        )
        unheard = {c: r for c, r in self.rung.items() if r.ring.outcome == "woke"}
        self.doubted = {c: r for c, r in unheard.items() if r.ring.cursor == self.noticed}
        self.doubt_ends, self.last, self.waiting = self.now + RETURN_SECONDS, -1e9, {}
        self.bell.restore([*self.on_disk.values()], self.moment())
        self._hear(moved=False)

    @rule(on=st.sampled_from([True, False, None]), every=st.sampled_from([0.0, 1.0, 5.0, None]))
    def it_is_set(self, on: bool | None, every: float | None) -> None:
        self.on = self.on if on is None else on
        self.every = self.every if every is None else every
        self.bell.adjust(on, every, self.moment())
        self._check()

    @rule(seconds=st.sampled_from([0.0001, 0.5, 1.0, 5.0, 30.0]))
    def time_passes(self, seconds: float) -> None:
        end = self.now + seconds
        while (due := self.bell.next_deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            before = len(self.waiting) + len(self.doubted)
            if self.doubt_ends <= self.now:
                for rung in self.doubted.values():
                    self._take_back(rung.ring.cursor)
                self.doubted = {}
            self.bell.advance(self.moment())
            self._check()
            assert len(self.waiting) + len(self.doubted) < before, (
                "nothing was due, or it was not done"
            )
        self.now = end

    # ------------------------------------------------------------ what is claimed

    @invariant()
    def nobody_waits_who_could_be_told(self) -> None:
        if self._is_due():
            assert not [w for w in self.waiting.values() if w.after < self.cursor]

    @invariant()
    def nobody_is_doubted_for_ever(self) -> None:
        assert not self.doubted or self.now < self.doubt_ends
        assert not self.doubted or (self.bell.next_deadline() or 0.0) <= self.doubt_ends

    @invariant()
    def nobody_waits_whose_time_is_over(self) -> None:
        assert not [w for w in self.waiting.values() if w.deadline and w.deadline <= self.now]

    @invariant()
    def the_books_agree(self) -> None:
        assert (self.bell.cursor, self.bell.noticed) == (self.cursor, self.noticed)
        assert self.bell.may_tell(self.moment()) == self._is_due()

    # ------------------------------------------------------------ inside

    def moment(self) -> Moment:
        return Moment(self.now, EPOCH + self.now)

    def _hear(self, *, moved: bool) -> None:
        if moved:
            self.cursor = max(self.cursor + 1, int(1000 * (EPOCH + self.now)))
        self.bell.hear(self.unread, self.moment(), moved=moved)
        self._check()

    def _is_due(self) -> bool:
        is_free = self.now >= self.last + self.every
        return self.unread > 0 and self.cursor > self.noticed and self.on and is_free

    def _ring(self) -> None:
        assert self.on, "rung while it is off"
        assert self.unread, "rung for nothing"
        assert self.now >= self.last + self.every, "rung too often"
        assert self.cursor not in self.told, "rung twice for one cursor"
        self.told.add(self.cursor)
        self.noticed, self.last = self.cursor, self.now

    def _take_back(self, cursor: int) -> None:
        """Nobody was told of it after all."""
        self.told.discard(cursor)
        self.noticed = cursor - 1 if self.noticed == cursor else self.noticed

    def _check(self) -> None:
        """Go through what was answered, in order."""
        for effect in self.bell.take_effects():
            if isinstance(effect, Keep):
                self.on_disk[effect.rung.number] = effect.rung
            if not isinstance(effect, Answer):
                continue
            waiter = effect.waiter
            if effect.rung is None:
                assert waiter.deadline is not None
                assert waiter.deadline <= self.now, "answered too early"
            else:
                first = next(w for w in self.waiting.values() if w.after < self.cursor)
                assert waiter is first, "rung before its turn, or for what it knows"
                assert effect.rung.ring.cursor == self.cursor
                assert effect.noticed == self.noticed
                self.rung[waiter.correlation] = effect.rung
                self.rings_for[self.cursor] += 1
                self._ring()
            del self.waiting[waiter.correlation]

    def _some(self, of: dict[bytes, Any], which: int) -> bytes:
        return [*of][which % len(of)]
