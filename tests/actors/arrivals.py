"""A registry, and sessions that come to it, for tests."""

from __future__ import annotations

import itertools
from collections.abc import Hashable
from typing import TypedDict, Unpack

from signalpost.actors.agent import Agent, SpeakerKind
from signalpost.actors.arrival import Arrival, Claim, Naming
from signalpost.actors.moment import Moment
from signalpost.actors.registry import Registry
from signalpost.transport.letters import Role


class Words(TypedDict, total=False):
    """What a session may say of itself."""

    agent: str
    thread: str
    label: str
    client: str
    pid: int
    working_directory: str
    client_process: Hashable


class Terms(TypedDict, total=False):
    """What an agent may say of itself."""

    role: Role
    description: str
    inbox_bound: int | None


def at(seconds: float) -> Moment:
    return Moment(seconds, 1000.0 + seconds)


class Town:
    """Sessions are named by text; they come at second 0 unless told otherwise."""

    def __init__(self) -> None:
        self.registry = Registry(itertools.count(2).__next__)

    def arrive(
        self, session: str, kind: SpeakerKind = "bridge", *, when: float = 0, **says: Unpack[Words]
    ) -> Claim:
        return self.registry.arrive(Arrival(session=session.encode(), kind=kind, **says), at(when))

    def agent(
        self, session: str, kind: SpeakerKind = "bridge", *, when: float = 0, **says: Unpack[Words]
    ) -> Agent:
        agent = self.arrive(session, kind, when=when, **says).agent
        assert agent is not None
        return agent

    def depart(self, session: str, *, when: float = 0) -> Agent | None:
        return self.registry.depart(session.encode(), at(when))

    def register(
        self, session: str, name: str, *, when: float = 0, **terms: Unpack[Terms]
    ) -> Naming:
        wish: Terms = {"role": "both", "description": "", "inbox_bound": None, **terms}
        role, description, bound = wish["role"], wish["description"], wish["inbox_bound"]
        return self.registry.register(session.encode(), name, role, description, bound, at(when))

    def agent_of(self, session: str) -> Agent | None:
        return self.registry.agent_of(session.encode())

    def names(self) -> list[str]:
        return [agent.name for agent in self.registry.agents()]
