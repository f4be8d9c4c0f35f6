"""Which session speaks for which agent. Pure.

An agent is spoken for by command lines (the person), by programs, or by one
bridge. A bridge that sits down puts the one before it out of its seat; that one
is superseded, until it takes a name by itself or tells another conversation.
"""

from __future__ import annotations

import sys

from .agent import NOBODY, Agent
from .arrival import Arrival


class Seats:
    """All sessions of one broker life, as far as they may be agents."""

    def __init__(self) -> None:
        self._arrivals: dict[bytes, Arrival] = {}
        self._agents: dict[bytes, Agent] = {}
        self._superseded: set[bytes] = set()

    def agent_of(self, session: bytes) -> Agent | None:
        """Return the agent for which a session speaks."""
        return self._agents.get(session)

    def arrival_of(self, session: bytes) -> Arrival | None:
        """Return what a session said last about who it is."""
        return self._arrivals.get(session)

    def is_superseded(self, session: bytes) -> bool:
        """Tell whether another session of its client speaks for its agent now."""
        return session in self._superseded

    def hear(self, arrival: Arrival) -> None:
        """Remember what a session says about who it is."""
        self._arrivals[arrival.session] = arrival

    def forget(self, session: bytes) -> Agent | None:
        """A session is gone; return its agent."""
        agent = self.stand_up(session)
        self._arrivals.pop(session, None)
        self._superseded.discard(session)
        return agent

    def sit(self, agent: Agent, arrival: Arrival) -> tuple[bytes, ...]:
        """Let a session speak for an agent; return those that a bridge puts out of its seat."""
        others = tuple(t for t in agent.holders if t != arrival.session)
        superseded = others if arrival.kind == "bridge" else ()
        for token in superseded:
            self.stand_up(token)
            self._superseded.add(token)
        self._superseded.discard(arrival.session)
        self._take(agent, arrival)
        return superseded

    def stand_up(self, session: bytes) -> Agent | None:
        """Let a session speak for nobody; return for whom it spoke."""
        agent = self._agents.pop(session, None)
        if agent is not None:
            agent.release(session)
            if agent.holders:
                _show(agent, self._arrivals[next(reversed(list(agent.holders)))])
        return agent

    def move(self, former: Agent, agent: Agent) -> None:
        """Let all who speak for ``former`` speak for ``agent`` instead."""
        for token in former.holders:
            self._take(agent, self._arrivals[token])
        former.holders = NOBODY

    def clear(self, agent: Agent) -> None:
        """Let nobody speak for an agent."""
        for token in agent.holders:
            del self._agents[token]
        agent.holders = NOBODY

    def _take(self, agent: Agent, arrival: Arrival) -> None:
        agent.hold(arrival.session, arrival.holder)
        self._agents[arrival.session] = agent
        _show(agent, arrival)


def _show(agent: Agent, arrival: Arrival) -> None:
    """Let others see who speaks for an agent. Many have the same texts: they are kept once."""
    agent.pid, agent.pid_started = arrival.pid, arrival.pid_started
    agent.client = sys.intern(arrival.client)
    agent.working_directory = sys.intern(arrival.working_directory)
