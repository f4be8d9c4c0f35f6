"""What must be true of a registry, whatever it was told: a dumb model beside it.

It keeps lists and looks through all of them. The clock is virtual and counts
whole seconds. Mail is kept by the number of its agent, as the broker does it.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import Unpack

from msgspec import structs

from signalpost.actors.agent import EXPIRY_SECONDS, NOBODY, PERSON_ID, Agent
from signalpost.actors.arrival import Arrival
from signalpost.actors.directory import AgentChanged, AgentRemoved, ForwardRemoved, ForwardSet
from signalpost.actors.moment import Moment
from signalpost.actors.registry import Registry
from tests.actors.arrivals import Words

WALL = 1000.0
"""The wall clock when the monotonic one is at 0."""


@dataclass(eq=False)
class Resident:
    """An agent as the model sees it."""

    number: int
    name: str
    made: bool
    thread: str = ""
    since: int = 0
    there: list[Arrival] = field(default_factory=list[Arrival])
    mail: list[int] = field(default_factory=list[int])

    def is_of(self, process: int) -> bool:
        return bool(self.there) and all(
            a.kind == "bridge" and a.client_process == process for a in self.there
        )


class RegistryModel:
    """A registry, what it should know, what it had stored, and the mail of its agents."""

    registry_class = Registry

    def __init__(self) -> None:
        self.now: int = 0
        self.numbers = itertools.count(2)
        self.registry = self.registry_class(self.numbers.__next__)
        self.residents: list[Resident] = []
        self.former: dict[str, Resident] = {}
        self.sessions: dict[bytes, Arrival] = {}
        self.superseded: set[bytes] = set()
        self.stored: dict[int, Agent] = {}
        self.stored_forwards: dict[str, int] = {}
        self.post: dict[int, list[int]] = {}

    # ------------------------------------------------------------ the world

    def moment(self) -> Moment:
        return Moment(float(self.now), WALL + self.now)

    def new_arrival(self, **words: Unpack[Words]) -> Arrival:
        arrival = Arrival(session=b"session-%d" % next(self.numbers), kind="bridge", pid=4711)
        return replace(arrival, **words)

    def named(self, name: str) -> Resident | None:
        return next((r for r in self.residents if r.name == name), None)

    def of_thread(self, thread: str) -> Resident | None:
        return next((r for r in self.residents if thread and r.thread == thread), None)

    def acting(self, session: bytes) -> Resident | None:
        speaking = [r for r in self.residents if session in [a.session for a in r.there]]
        assert len(speaking) <= 1
        return speaking[0] if speaking else None

    # ------------------------------------------------------------ what is to come of an arrival

    def whom(self, arrival: Arrival) -> Resident | str | None:
        """Return the agent that a bridge is to be, or the name of a new one; None: neither."""
        name, process = arrival.agent, arrival.client_process
        assert isinstance(process, int)
        if not name:
            known = self.of_thread(arrival.thread)
            if known and (not known.there or known.is_of(process)):
                return known
            return self.first_made(arrival, process, [arrival.label, *self.numbered(arrival.label)])
        holder, renamed = self.named(name), self.former.get(name)
        if holder:
            if not holder.there or holder.is_of(process):
                return holder
            return self.first_made(arrival, process, self.numbered(name))
        if renamed and (renamed.is_of(process) or self.waits_for(renamed, arrival.thread)):
            return renamed
        return name

    def numbered(self, name: str) -> list[str]:
        return [f"{name}~{n}" for n in range(2, 60)]

    def waits_for(self, resident: Resident, thread: str) -> bool:
        return bool(not resident.there and thread and resident.thread == thread)

    def first_made(self, arrival: Arrival, process: int, tried: list[str]) -> Resident | str:
        for name in tried:
            holder, renamed = self.named(name), self.former.get(name)
            if holder is None and (renamed is None or not renamed.there):
                return name
            if holder and not holder.there and holder.thread in ("", arrival.thread):
                return holder
            if holder and holder.is_of(process) and holder.thread == arrival.thread:
                return holder
        raise AssertionError("so many names are never in use")

    # ------------------------------------------------------------ what follows

    def sit(self, resident: Resident, arrival: Arrival) -> set[bytes]:
        """Let a session speak for an agent; return who has to stand up for it."""
        if not resident.there:
            resident.since = self.now
        others = {a.session for a in resident.there} - {arrival.session}
        out = others if arrival.kind == "bridge" else set[bytes]()
        self.superseded = (self.superseded | out) - {arrival.session}
        resident.there = [
            a for a in resident.there if a.session not in out and a.session != arrival.session
        ]
        resident.there.append(arrival)
        self.assign(resident, arrival.thread)
        return out

    def assign(self, resident: Resident, thread: str) -> None:
        owner = self.of_thread(thread)
        if thread and (owner is None or not owner.there):
            if owner:
                owner.thread = ""
            resident.thread = thread

    def stand_up(self, session: bytes) -> Resident | None:
        """Return the agent for whom nobody speaks any more since this session does not."""
        resident = self.acting(session)
        if resident is None:
            return None
        resident.there = [a for a in resident.there if a.session != session]
        if resident.there:
            return None
        resident.since = self.now
        return resident

    def create(self, number: int, name: str, *, made: bool) -> Resident:
        self.former.pop(name, None)
        self.residents.append(Resident(number, name, made))
        return self.residents[-1]

    def forget(self, resident: Resident) -> None:
        self.residents.remove(resident)
        self.former = {n: r for n, r in self.former.items() if r is not resident}

    def due(self) -> list[Resident]:
        """Return those who are to be forgotten by now, if they have no mail."""
        return [r for r in self.expiring() if r.since + EXPIRY_SECONDS <= self.now]

    def expiring(self) -> list[Resident]:
        return [r for r in self.residents if r.made and not r.there]

    # ------------------------------------------------------------ the disk

    def persist(self) -> None:
        """Do with the changes what the store does with them."""
        for change in self.registry.take_changes():
            match change:
                case AgentChanged(agent):
                    self.stored[agent.id] = structs.replace(agent, holders=NOBODY)
                case AgentRemoved(number):
                    self.stored.pop(number, None)
                case ForwardSet(name, number):
                    self.stored_forwards[name] = number
                case ForwardRemoved(name):
                    self.stored_forwards.pop(name, None)

    # ------------------------------------------------------------ what must be true

    def check_agents(self) -> None:
        known = self.registry.everyone(None)
        names = [agent.name for agent in known]
        assert len(set(names)) == len(names), "a name is one agent's"
        assert {a.id: self.as_known(a) for a in known} == {
            r.number: self.as_expected(r) for r in self.residents
        }
        for session in self.sessions:
            acting, agent = self.acting(session), self.registry.agent_of(session)
            is_person = self.sessions[session].kind == "cli"
            expected = PERSON_ID if is_person else acting.number if acting else None
            assert (agent.id if agent else None) == expected

    def as_known(self, agent: Agent) -> tuple[object, ...]:
        return (agent.name, agent.named, agent.thread, agent.since, {*agent.holders})

    def as_expected(self, r: Resident) -> tuple[object, ...]:
        return (r.name, not r.made, r.thread, WALL + r.since, {a.session for a in r.there})

    def check_names(self) -> None:
        assert self.registry.forwards() == {n: r.number for n, r in self.former.items()}
        for resident in self.residents:
            assert self.registry.resolve(resident.name).id == resident.number
        for name, resident in self.former.items():
            assert self.registry.resolve(name).id == resident.number

    def check_store(self) -> None:
        self.persist()
        assert {i: self.as_known(a)[:4] for i, a in self.stored.items()} == {
            r.number: self.as_expected(r)[:4] for r in self.residents
        }
        assert {i for i, a in self.stored.items() if a.pid} == {
            r.number for r in self.residents if r.there
        }
        assert self.stored_forwards == self.registry.forwards()

    def check_mail(self) -> None:
        mail = {r.number: r.mail for r in self.residents if r.mail}
        assert {i: m for i, m in self.post.items() if m} == mail, "mail stays with its agent"
