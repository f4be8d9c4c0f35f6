"""All doorbells of a broker: who is told, the timers, and what of it is on disk.

A doorbell is made when somebody looks at it, waits at it or sets it. Until then its
cursor is what it would have been: the time of the newest message that is ready.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable

import msgspec

from ..transport import bell, letters
from .agent import Agent
from .bell_effects import Answer, Drop, Effect, Keep, Save, Waiter
from .bell_row import BellRow, RingRow, bell_of, row_of_bell, row_of_ring
from .doorbell import Doorbell
from .inbox import Inbox
from .inbox_actor import PAUSE_SECONDS
from .mail_services import MailServices
from .moment import Moment
from .rings import covering

SENDERS_SHOWN = 10
_NOT_HEARD, _DIED = "whoever waited had gone", "whoever waited has died"


class Doorbells:
    """Rings, for whoever waits, and answers who asks.

    ``look`` returns an agent's inbox, ``tasks_of`` its open tasks, and ``stirred``
    hears of an agent of whom something may be told otherwise than before.
    """

    def __init__(
        self,
        services: MailServices,
        look: Callable[[Agent], Inbox | None],
        tasks_of: Callable[[Agent], list[bell.OpenTask]],
        stirred: Callable[[Agent], None],
    ) -> None:
        self._services = services
        self._look = look
        self._tasks_of = tasks_of
        self.stirred = stirred
        self._bells: dict[int, tuple[Agent, Doorbell]] = {}
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._open: dict[bytes, tuple[int, bytes]] = {}
        """At whose bell each request waits, or waited, and its session; empty: of another life."""
        self._numbers = itertools.count(1)

    # ------------------------------------------------------------ for the inboxes

    def hear(self, agent: Agent, inbox: Inbox | None) -> None:
        """Something was done at an inbox."""
        self.stirred(agent)
        if agent.id in self._bells:
            moved = inbox is not None and inbox.take_moved()
            self._do(agent, lambda door, now: door.hear(_unread(inbox), now, moved=moved))

    def merge(self, former: Agent, agent: Agent) -> None:
        """The mail of a former agent is about to move to another."""
        self.stirred(former)
        if former.id not in self._bells and agent.id not in self._bells:
            return
        came_from = self.of(former)
        self._unset(former.id)
        self._services.store.bells.forget_bell(former.id)
        for correlation, (agent_id, session) in self._open.items():
            if agent_id == former.id:
                self._open[correlation] = agent.id, session
        self.of(agent)
        self._do(agent, lambda door, _: door.absorb(came_from))

    def merged(self, agent: Agent) -> None:
        """The mail of a former agent has moved; only what it let in meanwhile is news."""
        inbox = self._look(agent)
        if inbox is None or agent.id not in self._bells:
            return
        inbox.take_moved()
        unread = inbox.unread
        self._do(agent, lambda d, now: d.hear(unread, now, moved=unread > d.unread))

    # ------------------------------------------------------------ for those who ask

    def of(self, agent: Agent) -> Doorbell:
        """Return an agent's doorbell as things are now; it is made if there is none."""
        found = self._bells.get(agent.id)
        inbox = self._look(agent)
        if found is None:
            cursor = 0 if inbox is None else cursor_of(inbox)
            found = agent, Doorbell(self._numbers.__next__, cursor=cursor)
            self._bells[agent.id] = found
            if inbox is not None:
                inbox.take_moved()
        self.hear(agent, inbox)
        return found[1]

    def tell(self, agent: Agent, way: letters.Way) -> bell.Doorstep:
        """Ring if there is news and that is allowed: whoever asks will tell the agent."""
        noticed = self.of(agent).noticed
        rung: list[bool] = []
        self._do(agent, lambda door, now: rung.append(door.tell(way, now)))
        return self._step(agent, noticed, news=rung == [True])

    def step(self, agent: Agent) -> bell.Doorstep:
        """Return what waits for an agent."""
        door = self.of(agent)
        return self._step(agent, door.noticed, news=door.may_tell(self._services.clock()))

    def wait(self, agent: Agent, waiter: Waiter) -> None:
        """Let somebody wait, who is answered later."""
        for correlation in [*self.of(agent).claim(waiter), waiter.correlation]:
            self._open[correlation] = agent.id, waiter.session
        self._do(agent, lambda door, now: door.wait(waiter, now))

    def give_up(self, correlation: bytes, why: str = "given up") -> None:
        """Nobody waits for this answer any more, or nobody got it."""
        agent_id, _ = self._open.pop(correlation, (0, b""))
        if (found := self._bells.get(agent_id)) is not None:
            self._do(found[0], lambda door, now: door.give_up(correlation, why, now))

    def leave(self, session: bytes, *, died: bool) -> None:
        """A session is gone: it waits no more. If it died, nobody knows what it has told."""
        for correlation in [c for c, (_, waiting) in self._open.items() if waiting == session]:
            if died:
                self.give_up(correlation, _DIED)
            else:
                self._part(correlation)

    def _part(self, correlation: bytes) -> None:
        agent_id, _ = self._open.pop(correlation)
        if (found := self._bells.get(agent_id)) is not None:
            self._do(found[0], lambda door, _: door.leave(correlation))

    def relieve(self, agent: Agent) -> None:
        """Its client has gone on: a hook of an earlier stop that still waits is not heard."""
        self._do(agent, lambda door, _: door.relieve("hook:stop"))

    def note(self, agent: Agent, ring: bell.NoteRing) -> None:
        """Hear what became of a ring."""
        self.of(agent)
        self._do(
            agent,
            lambda door, now: door.note(ring.cursor, ring.way, ring.outcome, ring.detail, now),
        )

    def adjust(self, agent: Agent, on: bool | None, every: float | None) -> None:
        """Set a doorbell."""
        self.of(agent)
        self._do(agent, lambda door, now: door.adjust(on, every, now))

    def covering(self, agent_id: int, sent: float, delivered: float | None) -> list[letters.Ring]:
        """Return the rings that told an agent of a message, the newest first."""
        found = self._bells.get(agent_id)
        return [] if found is None else covering(found[1].rings(), sent, delivered)

    def known(self, agent: Agent) -> Doorbell | None:
        """Return an agent's doorbell, if it has one, as it was last."""
        found = self._bells.get(agent.id)
        return None if found is None else found[1]

    # ------------------------------------------------------------ agents

    def forget(self, agent_id: int) -> None:
        """An agent is removed: whoever waits at its bell hears that nobody is meant."""
        found = self._unset(agent_id)
        if found is None:
            return
        for waiter in found.dismiss():
            self._services.reply(waiter.session, waiter.correlation, bell.Doorstep())
        self._services.store.bells.forget_bell(agent_id)
        for number in found.numbers():
            self._services.store.bells.forget_ring(number)

    def restore(
        self,
        agents: Iterable[Agent],
        bells: Iterable[BellRow],
        rings: Iterable[RingRow],
        returned: set[int],
    ) -> None:
        """Take up what an earlier broker life knew, once the inboxes are as they were.

        :param returned: the agents who had received mail that is theirs to receive again
        """
        by_id = {agent.id: agent for agent in agents}
        by_agent: defaultdict[int, list[RingRow]] = defaultdict(list)
        highest = 0
        for ring in rings:
            by_agent[ring.agent_id].append(ring)
            highest = ring.id
        self._numbers = itertools.count(highest + 1)
        for row in bells:
            if (agent := by_id.get(row.agent_id)) is not None:
                self._restore(agent, row, by_agent[agent.id], moved=agent.id in returned)
            else:
                self._services.store.bells.forget_bell(row.agent_id)

    def close(self) -> None:
        """Stop every timer."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    # ------------------------------------------------------------ inside

    def _restore(self, agent: Agent, row: BellRow, rings: list[RingRow], *, moved: bool) -> None:
        now = self._services.clock()
        self._bells[agent.id] = agent, bell_of(row, rings, self._numbers.__next__, now)
        for ring in rings:  # its client may give the request up here that was rung there
            if ring.outcome == "woke" and ring.request_id:
                self._open[ring.request_id] = agent.id, b""
        inbox = self._look(agent)
        if inbox is not None:
            inbox.take_moved()
        self._do(agent, lambda d, now: d.hear(_unread(inbox), now, moved=moved))

    def _do(self, agent: Agent, work: Callable[[Doorbell, Moment], object]) -> None:
        """Carry out an order at a bell that is there, and do what follows."""
        agent, door = self._bells[agent.id]
        work(door, self._services.clock())
        while effects := door.take_effects():
            for effect in effects:
                self._perform(agent, door, effect)
        self._arm(agent, door)

    def _perform(self, agent: Agent, door: Doorbell, effect: Effect) -> None:
        store = self._services.store.bells
        match effect:
            case Answer(waiter, noticed, rung):
                step = self._step(agent, noticed, news=rung is not None)
                if rung is not None:  # which may be one of some time ago, told again
                    step = msgspec.structs.replace(step, cursor=rung.ring.cursor)
                if not self._services.reply(waiter.session, waiter.correlation, step):
                    door.give_up(waiter.correlation, _NOT_HEARD, self._services.clock())
            case Save():
                store.put_bell(row_of_bell(agent.id, door))
                self.stirred(agent)
            case Keep(rung):
                store.put_ring(row_of_ring(agent.id, rung))
            case Drop(number):
                store.forget_ring(number)

    def _arm(self, agent: Agent, door: Doorbell) -> None:
        """Have the timer go off when the bell next has something to do, or before."""
        deadline, timer = door.next_deadline(), self._timers.get(agent.id)
        if deadline is None or (timer is not None and timer.when() <= deadline):
            return
        if timer is not None:
            timer.cancel()
        loop = asyncio.get_running_loop()
        when = max(deadline, loop.time())  # what is due already is not late
        self._timers[agent.id] = loop.call_at(when, self._due, agent, when)

    def _due(self, agent: Agent, deadline: float) -> None:
        del self._timers[agent.id]
        late = self._services.clock().mono - deadline
        if late > PAUSE_SECONDS:
            self._do(agent, lambda door, _: door.shift(late))
        self._do(agent, lambda door, now: door.advance(now))

    def _unset(self, agent_id: int) -> Doorbell | None:
        found = self._bells.pop(agent_id, None)
        if (timer := self._timers.pop(agent_id, None)) is not None:
            timer.cancel()
        return None if found is None else found[1]

    def _step(self, agent: Agent, noticed: int, *, news: bool) -> bell.Doorstep:
        door, inbox = self._bells[agent.id][1], self._look(agent)
        senders = inbox.unread_by_sender() if inbox is not None else {}
        most = sorted(senders, key=lambda name: (-senders[name], name))[:SENDERS_SHOWN]
        return bell.Doorstep(
            agent=agent.name,
            unread=_unread(inbox),
            unread_tasks=inbox.unread_tasks if inbox is not None else 0,
            held=inbox.in_flight if inbox is not None else 0,
            senders={name: senders[name] for name in most},
            cursor=door.cursor,
            noticed=noticed,
            news=news,
            on=door.on,
            open_tasks=self._tasks_of(agent),
        )


def cursor_of(inbox: Inbox) -> int:
    """Return the cursor of an inbox that has no doorbell yet."""
    newest = inbox.newest_unread
    return 0 if newest is None else int(newest.sent.wall * 1000)


def _unread(inbox: Inbox | None) -> int:
    return inbox.unread if inbox is not None else 0
