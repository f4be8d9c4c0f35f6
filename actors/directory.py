"""Who is known, by number, name and conversation, and what of it is not yet on disk. Pure.

An old name leads to the number of its agent, so that there are no chains. What
is always true: names are unique, no old name is anybody's name, every old name
leads to a known agent, to none lead too many, and no two agents have the same
conversation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .agent import Agent

MAX_OLD_NAMES = 100
"""Old names that lead to one agent. When there are more, the oldest leads nowhere."""
MAX_OLD_NUMBERS = 10_000
"""Numbers of agents that became others; what is older has nothing open any more."""


@dataclass(frozen=True, slots=True)
class AgentChanged:
    """Persist this agent as it is now."""

    agent: Agent


@dataclass(frozen=True, slots=True)
class AgentRemoved:
    """Forget the agent of this number."""

    agent_id: int


@dataclass(frozen=True, slots=True)
class ForwardSet:
    """An old name leads to this agent now."""

    name: str
    agent_id: int


@dataclass(frozen=True, slots=True)
class ForwardRemoved:
    """An old name leads nowhere any more."""

    name: str


Change = AgentRemoved | ForwardRemoved | AgentChanged | ForwardSet


class Directory:
    """All agents of one data folder."""

    def __init__(self) -> None:
        self._by_id: dict[int, Agent] = {}
        self._by_name: dict[str, Agent] = {}
        self._by_thread: dict[str, Agent] = {}
        self._forwards: dict[str, int] = {}
        self._old_names: dict[int, tuple[str, ...]] = {}
        """Those that lead to each agent, the oldest first."""
        self._became: dict[int, int] = {}
        """The numbers of agents that became others, and whose they are, the oldest first."""
        self._changed: set[int] = set()
        self._removed: set[int] = set()
        self._turned: dict[str, None] = {}
        """Old names whose way has changed, in that order."""

    # ------------------------------------------------------------ looking

    def agents(self) -> list[Agent]:
        """Return everybody, in the order in which they became known."""
        return list(self._by_id.values())

    def by_id(self, agent_id: int) -> Agent | None:
        """Return the agent of a number, or the one that it became since this broker began."""
        while (became := self._became.get(agent_id)) is not None:
            agent_id = became
        return self._by_id.get(agent_id)

    def named(self, name: str) -> Agent | None:
        """Return who has this very name now."""
        return self._by_name.get(name)

    def formerly(self, name: str) -> Agent | None:
        """Return to whom an old name leads."""
        return self._by_id.get(self._forwards.get(name, 0))

    def of_thread(self, thread: str) -> Agent | None:
        """Return the agent of a conversation."""
        return self._by_thread.get(thread)

    def names(self) -> list[str]:
        """Return all names that somebody has now."""
        return list(self._by_name)

    def old_names(self, agent: Agent) -> list[str]:
        """Return the old names that lead to an agent, the oldest first."""
        return list(self._old_names.get(agent.id, ()))

    def forwards(self) -> dict[str, int]:
        """Return the old names and the numbers of the agents to which they lead."""
        return dict(self._forwards)

    # ------------------------------------------------------------ changing

    def add(self, agent: Agent) -> None:
        """Make an agent known. If its name was an old one, that leads nowhere any more."""
        self._end_forward(agent.name)
        self._by_id[agent.id] = agent
        self._by_name[agent.name] = agent
        if agent.thread:
            self._by_thread[agent.thread] = agent
        self.note(agent)

    def rename(self, agent: Agent, name: str) -> None:
        """Give an agent a free name; the old one leads to it."""
        former, agent.name = agent.name, name
        del self._by_name[former]
        self._end_forward(name)
        self._by_name[name] = agent
        self._lead(former, agent)
        self.note(agent)

    def remove(self, agent: Agent) -> None:
        """Forget an agent and every name that leads to it."""
        for name in self.old_names(agent):
            self._end_forward(name)
        self._forget(agent)

    def merge(self, former: Agent, agent: Agent) -> None:
        """Forget ``former``; all its names lead to ``agent``."""
        names = [*self.old_names(former), former.name]
        self._forget(former)
        self._became[former.id] = agent.id
        if len(self._became) > MAX_OLD_NUMBERS:
            del self._became[next(iter(self._became))]
        for name in names:
            self._lead(name, agent)

    def assign(self, agent: Agent, thread: str) -> None:
        """Let a conversation find ``agent`` again, unless somebody else speaks in it now."""
        other = self._by_thread.get(thread)
        if (
            not thread
            or agent.is_person
            or other is agent
            or (other is not None and not other.is_gone)
        ):
            return
        if other is not None:
            other.thread = ""
            self.note(other)
        self._by_thread.pop(agent.thread, None)
        self._by_thread[thread] = agent
        agent.thread = thread
        self.note(agent)

    def note(self, agent: Agent) -> None:
        """Something about an agent has changed that a restart must find."""
        if not agent.is_person:
            self._changed.add(agent.id)

    def restore(self, agents: list[Agent], forwards: Mapping[str, int]) -> None:
        """Take up what an earlier broker life knew."""
        for agent in agents:
            self.add(agent)
            self._changed.discard(agent.id)
        for name, agent_id in forwards.items():
            if agent_id in self._by_id and name not in self._by_name:
                self._lead(name, self._by_id[agent_id])
                del self._turned[name]

    def take_changes(self) -> list[Change]:
        """Return what is to be persisted, each thing once.

        Write all of it in one transaction: in between, two agents may have one name.
        """
        removed, self._removed = sorted(self._removed), set()
        changed, self._changed = sorted(self._changed), set()
        turned, self._turned = list(self._turned), {}
        changes: list[Change] = [AgentRemoved(i) for i in removed]
        changes += [ForwardRemoved(n) for n in turned if n not in self._forwards]
        changes += [AgentChanged(self._by_id[i]) for i in changed]
        changes += [ForwardSet(n, self._forwards[n]) for n in turned if n in self._forwards]
        return changes

    # ------------------------------------------------------------ inside

    def _forget(self, agent: Agent) -> None:
        del self._by_id[agent.id]
        del self._by_name[agent.name]
        self._by_thread.pop(agent.thread, None)
        self._changed.discard(agent.id)
        self._removed.add(agent.id)

    def _lead(self, name: str, agent: Agent) -> None:
        self._end_forward(name)
        self._forwards[name] = agent.id
        self._turned[name] = None
        old_names = (*self._old_names.get(agent.id, ()), name)
        self._old_names[agent.id] = old_names
        if len(old_names) > MAX_OLD_NAMES:
            self._end_forward(old_names[0])

    def _end_forward(self, name: str) -> None:
        agent_id = self._forwards.pop(name, None)
        if agent_id is None:
            return
        self._turned[name] = None
        left = tuple(n for n in self._old_names.pop(agent_id) if n != name)
        if left:
            self._old_names[agent_id] = left
