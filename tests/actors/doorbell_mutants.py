"""Doorbells with one fault each, as a hurried programmer might make it."""

from __future__ import annotations

from math import inf

from signalpost.actors.bell_effects import Answer, Rung, Waiter
from signalpost.actors.doorbell import Doorbell
from signalpost.actors.doubt import Doubt
from signalpost.actors.moment import Moment
from signalpost.transport.letters import RingOutcome, Way


class RingsAgainForTheSame(Doorbell):
    def _ring(self, way: Way, outcome: RingOutcome, now: Moment, correlation: bytes = b"") -> Rung:
        noticed = self.noticed
        rung = super()._ring(way, outcome, now, correlation)
        self.noticed = noticed
        return rung


class RingsWhileOff(Doorbell):
    def may_tell(self, now: Moment) -> bool:
        return self.has_news and now.mono >= self._free_at


class RingsAsOftenAsItLikes(Doorbell):
    @property
    def _free_at(self) -> float:
        return -inf


class RingsForMailThatWasTaken(Doorbell):
    @property
    def has_news(self) -> bool:
        return self.cursor > self.noticed


class SleepsThroughTheLeastTime(Doorbell):
    """Who waits while it may not ring is told at the next mail only."""

    def next_deadline(self) -> float | None:
        times = [w.deadline for w in self._waiters.values() if w.deadline is not None]
        return min(times, default=None)


class SleepsThroughDeadlines(Doorbell):
    def next_deadline(self) -> float | None:
        return self._free_at if self.has_news and self.on and self._first() is not None else None


class TellsEverybody(Doorbell):
    def advance(self, now: Moment) -> None:
        before = self.noticed
        super().advance(now)
        rung = next((e.rung for e in self._effects if isinstance(e, Answer) and e.rung), None)
        if rung is not None:
            self._effects += [Answer(w, before, rung) for w in self._waiters.values()]
            self._waiters.clear()


class TellsTheLatestFirst(Doorbell):
    def _first(self) -> Waiter | None:
        fitting = [w for w in self._waiters.values() if w.after < self.cursor]
        return fitting[-1] if fitting else None


class TellsWhatIsKnown(Doorbell):
    def _first(self) -> Waiter | None:
        return next(iter(self._waiters.values()), None)


class MovesWithTheClockAlone(Doorbell):
    """Two messages within one millisecond have one cursor."""

    def hear(self, unread: int, now: Moment, *, moved: bool) -> None:
        before = self.cursor
        super().hear(unread, now, moved=moved)
        if moved and self.cursor == before + 1:
            self.cursor = before


class GivesUpForGood(Doorbell):
    def _become(self, rung: Rung, outcome: RingOutcome, detail: str) -> None:
        noticed = self.noticed
        super()._become(rung, outcome, detail)
        self.noticed = noticed


class ForgetsWhomItHasRung(Doorbell):
    def _answered(self, correlation: bytes) -> Rung | None:
        return None


class LetsWhoIsLateWait(Doorbell):
    def wait(self, waiter: Waiter, now: Moment) -> None:
        """Mail that was there before is no reason to ring."""
        self._waiters[waiter.correlation] = waiter


class TrustsWhomAnEarlierBrokerRang(Doorbell):
    """Whoever died while no broker ran has told the agent."""

    def restore(self, rungs: list[Rung], now: Moment) -> None:
        self._rings.extend(rungs)


class DoubtsWhoSaidGoodbye(Doorbell):
    def leave(self, correlation: bytes) -> None:
        self._waiters.pop(correlation, None)


class KnowsNobodyWhoComesBack(Doorbell):
    def claim(self, waiter: Waiter) -> list[bytes]:
        return []


class DoubtsForEver(Doorbell):
    """What is doubted is told at the next mail only."""

    def next_deadline(self) -> float | None:
        doubt, self._doubt = self._doubt, Doubt()
        due = super().next_deadline()
        self._doubt = doubt
        return due


MUTANTS = (
    RingsAgainForTheSame,
    RingsWhileOff,
    RingsAsOftenAsItLikes,
    RingsForMailThatWasTaken,
    SleepsThroughTheLeastTime,
    SleepsThroughDeadlines,
    TellsEverybody,
    TellsTheLatestFirst,
    TellsWhatIsKnown,
    MovesWithTheClockAlone,
    GivesUpForGood,
    ForgetsWhomItHasRung,
    LetsWhoIsLateWait,
    TrustsWhomAnEarlierBrokerRang,
    DoubtsWhoSaidGoodbye,
    KnowsNobodyWhoComesBack,
    DoubtsForEver,
)
