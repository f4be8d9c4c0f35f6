"""Who is there: agents, the sessions that speak for them, and the names that find them. Pure.

    hello ──> arrive ──> an agent of this name, of this conversation, or a new one
                 │
              register ──> a free name: renamed, the old name leads to it
                 │    └──> the name of one who is gone: becomes that agent, mail and all
                 │    └──> the name of a living one: NAME_TAKEN
                 v
              depart ──> gone; mail waits ── made name, no mail, never acted or 7 days ──> forgotten

Which agent a session gets, :mod:`placing` decides. A bridge never shares one; programs may. Every
verb checks first and changes afterwards. :meth:`Registry.take_changes` has what is to be stored.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping

from ..transport import letters, names
from ..transport.errors import BadRequest
from .agent import PERSON, PERSON_ID, Agent
from .arrival import Arrival, Claim, Naming
from .directory import Change, Directory
from .moment import Moment
from .placing import Place, find_place, find_place_again, may_become
from .refusal import name_taken, unknown_agent
from .seats import Seats

RECHECK_SECONDS = 3600.0
"""How long an agent that has mail after all this time is left alone."""
MAX_DESCRIPTION = 1000
"""Characters of an agent's description."""
MAX_INBOX_BOUND = 100_000
"""Messages that an agent may want its inbox to take."""


class Registry:
    """The agents of one broker life. ``ids`` gives out numbers from 2 on, none twice."""

    def __init__(self, ids: Callable[[], int]) -> None:
        self._ids = ids
        self._directory = Directory()
        self._seats = Seats()
        self.agent_of = self._seats.agent_of
        """Returns the agent for which a session speaks."""
        self.by_id = self._directory.by_id
        """Returns the agent of a number, or the one that it became since this broker began."""
        self._next_expiry: float | None = None
        self._person = Agent(PERSON_ID, PERSON, description="whoever sits at the command line")
        self._directory.add(self._person)

    # ------------------------------------------------------------ coming and going

    def arrive(self, arrival: Arrival, now: Moment) -> Claim:
        """A session says hello, perhaps again: let it speak for the agent that it means.

        :raises NameTaken: a program wants the name of a bridge's agent
        :raises BadRequest: it is no name that an agent may have
        """
        place = self._place(arrival)
        self._seats.hear(arrival)
        if place is None:
            return Claim(None)
        agent = place.agent or self._create(place.name)
        agent.named = place.named
        before = self._seats.agent_of(arrival.session)
        left = None if before in (None, agent) else self._stand_up(arrival.session, now)
        superseded = self._sit(agent, arrival, now)
        return Claim(agent, superseded, place.agent is None, left)

    def depart(self, session: bytes, now: Moment) -> Agent | None:
        """A session is gone. Return its agent when nobody speaks for that any more."""
        left = self._stand_up(session, now)
        self._seats.forget(session)
        return left

    def touch(self, session: bytes, now: float) -> bool:
        """The agent of a session works; return whether that is to be written to disk."""
        agent = self._seats.agent_of(session)
        if agent is None or not agent.act(now) or agent.named:
            return False
        self._directory.note(agent)
        return True

    # ------------------------------------------------------------ names

    def register(
        self,
        session: bytes,
        name: str,
        role: letters.Role,
        description: str,
        inbox_bound: int | None,
        now: Moment,
    ) -> Naming:
        """Give the agent of a session a name, a role and a description.

        A program that is no agent yet becomes one, as if it had come with the name.

        :raises NameTaken: another living agent has it
        :raises BadRequest: it is no name that an agent may have, or the rest makes no sense
        """
        arrival = self._seats.arrival_of(session)
        if arrival is None:
            raise BadRequest("this session is not known. Connect again.")
        if arrival.kind == "cli":
            raise BadRequest(f"the command line is the agent {PERSON} and takes no other name.")
        name = names.own_agent_name(name)
        _check_terms(description, inbox_bound)
        naming = self._take_name(arrival, name, now)
        agent = naming.agent
        agent.named, agent.role, agent.inbox_bound = True, role, inbox_bound
        agent.description = sys.intern(description)
        self._directory.note(agent)
        return naming

    def unregister(self, session: bytes) -> Agent:
        """Forget the agent of a session, and every name that leads to it.

        :raises BadRequest: the session is no agent, or the person
        """
        agent = self._seats.agent_of(session)
        if agent is None:
            raise BadRequest("you are no agent: there is nothing to unregister.")
        if agent.is_person:
            raise BadRequest(f"the agent {PERSON} is always there and cannot be unregistered.")
        self._seats.clear(agent)
        self._directory.remove(agent)
        return agent

    def pass_over(self, agent: Agent) -> None:
        """Forget who has left without mail, if it has a made name and has asked for nothing."""
        if agent.is_gone and not agent.named and not agent.acted:
            self._directory.remove(agent)

    def expire(self, now: float, is_empty: Callable[[Agent], bool]) -> list[Agent]:
        """Forget who has a made name, is gone for long and has no mail; ``now`` is wall time."""
        due = [a for a in self._directory.agents() if a.expires is not None and a.expires <= now]
        expired = [agent for agent in due if is_empty(agent)]
        for agent in expired:
            self._directory.remove(agent)
        times = [a.expires for a in self._directory.agents() if a.expires is not None]
        self._next_expiry = min(
            (time if time > now else now + RECHECK_SECONDS for time in times), default=None
        )
        return expired

    def next_expiry(self) -> float | None:
        """When :meth:`expire` may next have something to do, in Unix seconds."""
        return self._next_expiry

    # ------------------------------------------------------------ looking

    def find(self, name: str) -> Agent | None:
        """Return who has this name, or had it last."""
        return self._directory.named(name) or self._directory.formerly(name)

    def resolve(self, name: str) -> Agent:
        """Return who has this name, or had it last.

        :raises UnknownAgent: nobody; the text has near names
        :raises BadRequest: it is no name
        """
        name = names.agent_name(name)
        if (agent := self.find(name)) is not None:
            return agent
        raise unknown_agent(name, self.near(name))

    def old_names(self, agent: Agent) -> list[str]:
        """Return the old names that lead to an agent, the oldest first."""
        return self._directory.old_names(agent)

    def near(self, name: str) -> list[str]:
        """Return known names that look like ``name``."""
        return names.nearest(name, self._directory.names())

    def everyone(self, but: Agent | None) -> list[Agent]:
        """Return every agent except the person and ``but``, the longest known first."""
        return [a for a in self._directory.agents() if a is not but and not a.is_person]

    def with_role(self, role: letters.Role, but: Agent | None) -> list[Agent]:
        """Return those of :meth:`everyone` who have a role; who has both has each."""
        return [a for a in self.everyone(but) if a.role in (role, "both")]

    def agents(self) -> list[Agent]:
        """Return every agent, the person among them, by name."""
        return sorted(self._directory.agents(), key=lambda a: a.name)

    # ------------------------------------------------------------ the store

    def restore(self, agents: Iterable[Agent], forwards: Mapping[str, int], now: Moment) -> None:
        """Take up what an earlier broker life knew; nobody speaks for anybody yet.

        Those with a ``pid`` were spoken for when it ended: they are gone since now, or awaited.
        """
        known = sorted((a for a in agents if not a.is_person), key=lambda a: a.id)
        self._directory.restore(known, forwards)
        for agent in known:
            agent.active = now.mono
            if agent.pid and agent.awaited is None:
                self._go(agent, now)
            self._expect_expiry(agent)

    def lose(self, agent_id: int, now: Moment) -> Agent | None:
        """Who was to come back has ended; return the agent that is gone by that."""
        agent = self.by_id(agent_id)
        if agent is None or agent.awaited is None:
            return None
        agent.awaited = None
        self._go(agent, now)
        return agent

    def forwards(self) -> dict[str, int]:
        """Return the old names and the numbers of the agents to which they lead."""
        return self._directory.forwards()

    def take_changes(self) -> list[Change]:
        """Return what is to be written to disk in one transaction; each change is returned once."""
        return self._directory.take_changes()

    # ------------------------------------------------------------ inside

    def _place(self, arrival: Arrival) -> Place | None:
        if arrival.kind == "cli":
            return Place(PERSON, self._person, named=True)
        before = self._seats.arrival_of(arrival.session)
        if before is None:
            return find_place(self._directory, arrival)
        if self._seats.is_superseded(arrival.session) and arrival.thread in ("", before.thread):
            return None
        return find_place_again(self._directory, self.agent_of(arrival.session), before, arrival)

    def _create(self, name: str) -> Agent:
        agent = Agent(self._ids(), name, acted=False)
        self._directory.add(agent)
        return agent

    def _sit(self, agent: Agent, arrival: Arrival, now: Moment) -> tuple[bytes, ...]:
        if agent.is_gone and agent.awaited is None:
            agent.since = now.wall
        agent.active = now.mono
        superseded = self._seats.sit(agent, arrival)
        self._directory.assign(agent, arrival.thread)
        self._directory.note(agent)
        return superseded

    def _stand_up(self, session: bytes, now: Moment) -> Agent | None:
        """Let a session speak for nobody; return who is gone by that."""
        agent = self._seats.stand_up(session)
        if agent is None:
            return None
        self._directory.note(agent)
        if not agent.is_gone:
            return None
        self._go(agent, now)
        return agent

    def _go(self, agent: Agent, now: Moment) -> None:
        agent.since, agent.pid, agent.pid_started = now.wall, 0, 0.0
        agent.heard = None
        self._directory.note(agent)
        self._expect_expiry(agent)

    def _expect_expiry(self, agent: Agent) -> None:
        times = [t for t in (self._next_expiry, agent.expires) if t is not None]
        self._next_expiry = min(times, default=None)

    def _take_name(self, arrival: Arrival, name: str, now: Moment) -> Naming:
        agent = self._seats.agent_of(arrival.session)
        holder = self._directory.named(name)
        if agent is not None and holder is agent:
            return Naming(agent)
        if holder is not None and not may_become(holder, agent, arrival):
            raise name_taken(self._directory, name, holder)
        if holder is None and agent is not None:
            self._directory.rename(agent, name)
            return Naming(agent)
        holder = holder or self._create(name)
        if agent is not None:
            self._merge(agent, holder, now)
        return Naming(holder, agent, self._sit(holder, arrival, now))

    def _merge(self, former: Agent, agent: Agent, now: Moment) -> None:
        if agent.is_gone:
            agent.since = now.wall
        self._directory.merge(former, agent)
        self._seats.move(former, agent)
        self._directory.assign(agent, former.thread)


def _check_terms(description: str, inbox_bound: int | None) -> None:
    if len(description) > MAX_DESCRIPTION:
        raise BadRequest(
            f"the description has {len(description)} characters. Use at most {MAX_DESCRIPTION}."
        )
    if inbox_bound is not None and not 1 <= inbox_bound <= MAX_INBOX_BOUND:
        raise BadRequest(
            f"inbox_bound={inbox_bound} is no bound. Use 1 to {MAX_INBOX_BOUND}, or leave it out."
        )
