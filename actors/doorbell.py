"""The rules of one doorbell: when an agent is told that mail waits, and by whom. Pure.

    a message becomes ready ──> cursor = max(cursor + 1, now)
                                   │
             told of all <─────────┴────────> NEWS: unread mail, and cursor > noticed
                  ^                             │
                  │        it is on, and the last ring was ``every`` ago
                  │                             v
                  └──────── noticed = cursor ── RING ──> who asks and tells, at once
                                                  └────> who has waited for longest
    waiting ─ rung, or its time is over ─> answered
    rung ─ gave up, or nobody got it ─> noticed = cursor - 1: somebody else may tell
    rung ─ by an earlier broker, and not heard of in time ─> likewise

A ring is one telling, and answers one of those who wait: the others go on
waiting for what is newer. Several messages between two rings are one ring.
Every verb is given what is unread first, by :meth:`Doorbell.hear`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import inf

from ..transport.letters import Ring, RingOutcome, Way
from .bell_effects import Answer, Drop, Effect, Keep, Rung, Save, Waiter
from .doubt import Doubt
from .moment import Moment

EVERY_SECONDS = 5.0
"""The least time between two rings, unless it is set."""
MAX_RINGS = 100
"""So many are kept of one doorbell, the newest."""
_NOT_BACK = "whoever waited has not come back"


class Doorbell:
    """Tells one agent of its mail. ``numbers`` gives out those of rings, ever higher."""

    def __init__(
        self,
        numbers: Callable[[], int],
        *,
        on: bool = True,
        every: float = EVERY_SECONDS,
        cursor: int = 0,
        noticed: int = 0,
    ) -> None:
        self.on = on
        self.every = every
        self.cursor = cursor
        self.noticed = noticed
        self.unread = 0
        self._numbers = numbers
        self._rung_at = -inf
        self._rings: deque[Rung] = deque()
        self._waiters: dict[bytes, Waiter] = {}
        self._doubt = Doubt()
        self._effects: list[Effect] = []

    # ------------------------------------------------------------ mail

    def hear(self, unread: int, now: Moment, *, moved: bool) -> None:
        """Learn how many messages are ready, and whether any has become so since."""
        self.unread = unread
        if moved:
            self.cursor = max(self.cursor + 1, int(now.wall * 1000))
            self._effects.append(Save())
        self.advance(now)

    @property
    def has_news(self) -> bool:
        """Whether mail is unread of which the agent was not told."""
        return self.unread > 0 and self.cursor > self.noticed

    def may_tell(self, now: Moment) -> bool:
        """Tell whether there is news, and a ring is allowed."""
        return self.has_news and self.on and now.mono >= self._free_at

    # ------------------------------------------------------------ those who tell

    def tell(self, way: Way, now: Moment) -> bool:
        """Somebody would tell the agent now: ring, if that is allowed; return whether it is."""
        if not self.may_tell(now):
            return False
        self._ring(way, "shown", now)
        return True

    def wait(self, waiter: Waiter, now: Moment) -> None:
        """Let somebody wait. Asked again after its ring it hears the same, if that still counts."""
        self._doubt.end(waiter.correlation)
        rung = self._answered(waiter.correlation)
        if rung is not None and rung.ring.outcome != "gave_up":
            self._effects.append(Answer(waiter, rung.ring.cursor - 1, rung))
            return
        self._waiters[waiter.correlation] = waiter
        self.advance(now)

    def give_up(self, correlation: bytes, why: str, now: Moment) -> None:
        """Nobody waits for this answer, or nobody got it: then the agent was not told."""
        self._waiters.pop(correlation, None)
        rung = self._answered(correlation)
        if rung is not None and rung.ring.outcome == "woke":
            self._become(rung, "gave_up", why)
            self.advance(now)

    def leave(self, correlation: bytes) -> None:
        """Whoever waits has said goodbye. If it was rung, it has told the agent."""
        self._waiters.pop(correlation, None)
        rung = self._answered(correlation)
        if rung is not None and rung.ring.outcome == "woke":
            self._doubt.end(correlation)
            rung.correlation = b""  # what is on disk says so to the next broker
            self._effects.append(Keep(rung))

    def claim(self, waiter: Waiter) -> list[bytes]:
        """Somebody waits on: return its request that an earlier broker answered with a ring, if any.

        Only who was rung knows of that cursor, unless there was another ring for the same.
        """
        said = waiter.way, waiter.after
        same = [r for r in self._rings if (r.ring.way, r.ring.cursor) == said]
        # A request whose ring gave up may have been rung once more since.
        if len(same) != 1 or same[0].ring.outcome != "woke":
            return []
        return [same[0].correlation] if self._doubt.end(same[0].correlation) else []

    def relieve(self, way: Way) -> None:
        """Whoever waits to tell the agent in this way would speak to nobody."""
        for waiter in [w for w in self._waiters.values() if w.way == way]:
            del self._waiters[waiter.correlation]
            self._effects.append(Answer(waiter, self.noticed, None))

    def note(self, cursor: int, way: Way, outcome: RingOutcome, detail: str, now: Moment) -> None:
        """Hear what became of a ring; one that is not known was one that nobody asked for."""
        cursor = max(0, min(cursor, self.cursor))
        same = (r for r in reversed(self._rings) if (r.ring.cursor, r.ring.way) == (cursor, way))
        if outcome != "gave_up":
            self.noticed = max(self.noticed, cursor)
        if (rung := next(same, None)) is not None:
            self._become(rung, outcome, detail)
        else:
            self._add(Ring(at=now.wall, way=way, outcome=outcome, cursor=cursor, detail=detail))
        self.advance(now)

    # ------------------------------------------------------------ its owner

    def adjust(self, on: bool | None, every: float | None, now: Moment) -> None:
        """Switch it on or off, or let more or less time pass between rings; None: as it is."""
        self.on = self.on if on is None else on
        self.every = self.every if every is None else every
        self._effects.append(Save())
        self.advance(now)

    def rings(self) -> list[Ring]:
        """Return the newest rings, the newest first."""
        return [rung.ring for rung in reversed(self._rings)]

    def numbers(self) -> list[int]:
        """Return the numbers of the rings that are kept."""
        return [rung.number for rung in self._rings]

    def restore(self, rungs: list[Rung], now: Moment) -> None:
        """Take up the rings of an earlier broker life, oldest first."""
        self._rings.extend(rungs)
        last = [r for r in rungs if r.ring.cursor == self.noticed and r.ring.outcome == "woke"]
        # Without a request it is known: whoever was rung has said goodbye.
        self._doubt.begin([r.correlation for r in last if r.correlation], now.mono)

    def absorb(self, other: Doorbell) -> None:
        """Take over what was told and who waits at a bell whose mail has come here.

        There is news if there was any at either. It is off if either was, and what was set
        holds rather than what was not.
        """
        news = self.has_news or other.has_news
        self.cursor = max(self.cursor, other.cursor)
        self.noticed = max(self.noticed, other.noticed) if news else self.cursor
        if news:
            self.cursor = max(self.cursor, self.noticed + 1)
        self.on = self.on and other.on
        self.every = max({self.every, other.every} - {EVERY_SECONDS}, default=EVERY_SECONDS)
        self.unread += other.unread
        self._rung_at = max(self._rung_at, other._rung_at)
        self._waiters |= other._waiters
        self._doubt.absorb(other._doubt)
        both = sorted([*self._rings, *other._rings], key=lambda rung: rung.number)
        self._rings = deque()
        for rung in both:
            self._keep(rung)
        self._effects.append(Save())

    def dismiss(self) -> list[Waiter]:
        """The agent is removed: return those who wait, and wait no more."""
        waiters, self._waiters = [*self._waiters.values()], {}
        return waiters

    # ------------------------------------------------------------ time

    def advance(self, now: Moment) -> None:
        """Do what is due."""
        for correlation in self._doubt.take_due(now.mono):
            if (rung := self._answered(correlation)) is not None:
                self._become(rung, "gave_up", _NOT_BACK)
        if self.may_tell(now) and (first := self._first()) is not None:
            del self._waiters[first.correlation]
            before = self.noticed
            rung = self._ring(first.way, "woke", now, first.correlation)
            self._effects.append(Answer(first, before, rung))
        for waiter in [w for w in self._waiters.values() if _is_over(w, now)]:
            del self._waiters[waiter.correlation]
            self._effects.append(Answer(waiter, self.noticed, None))

    def next_deadline(self) -> float | None:
        """When :meth:`advance` next has something to do, on the monotonic clock."""
        times = [w.deadline for w in self._waiters.values() if w.deadline is not None]
        times += [t for t in [self._doubt.next_deadline()] if t is not None]
        if self.has_news and self.on and self._first() is not None:
            times.append(self._free_at)
        return min(times, default=None)

    def shift(self, gap: float) -> None:
        """The broker was stopped for so long: that was nobody's time."""
        self._doubt.shift(gap)
        for waiter in self._waiters.values():
            if waiter.deadline is not None:
                waiter.deadline += gap

    def take_effects(self) -> list[Effect]:
        """Return what the caller must now do, in order. Each effect is returned once."""
        effects, self._effects = self._effects, []
        return effects

    # ------------------------------------------------------------ inside

    @property
    def _free_at(self) -> float:
        return self._rung_at + self.every

    def _first(self) -> Waiter | None:
        """Return who has waited for longest, of those for whom there is news."""
        return next((w for w in self._waiters.values() if w.after < self.cursor), None)

    def _answered(self, correlation: bytes) -> Rung | None:
        """Return the ring that answered a request."""
        return next((r for r in reversed(self._rings) if r.correlation == correlation), None)

    def _ring(self, way: Way, outcome: RingOutcome, now: Moment, correlation: bytes = b"") -> Rung:
        self.noticed, self._rung_at = self.cursor, now.mono
        ring = Ring(at=now.wall, way=way, outcome=outcome, cursor=self.cursor)
        return self._add(ring, correlation)

    def _add(self, ring: Ring, correlation: bytes = b"") -> Rung:
        rung = Rung(self._numbers(), ring, correlation)
        self._effects.append(Save())
        self._keep(rung)
        return rung

    def _keep(self, rung: Rung) -> None:
        self._rings.append(rung)
        self._effects.append(Keep(rung))
        if len(self._rings) > MAX_RINGS:
            self._effects.append(Drop(self._rings.popleft().number))

    def _become(self, rung: Rung, outcome: RingOutcome, detail: str) -> None:
        """Something has become of a ring. Of one that gave up nothing was told."""
        ring = rung.ring
        rung.ring = Ring(
            at=ring.at, way=ring.way, outcome=outcome, cursor=ring.cursor, detail=detail
        )
        self._doubt.end(rung.correlation)
        if outcome == "gave_up" and self.noticed == ring.cursor:
            self.noticed = ring.cursor - 1
        self._effects += [Save(), Keep(rung)]


def _is_over(waiter: Waiter, now: Moment) -> bool:
    return waiter.deadline is not None and waiter.deadline <= now.mono
