"""How agents stand: what each does, as far as its connection and its client tell."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import assert_never

from ..transport import bell, letters
from .agent import Agent
from .inbox_actor import Work
from .inboxes import Inboxes
from .mail_services import MailServices
from .registry import Registry


class Standing:
    """Shows agents to each other, and hears what their clients report of them."""

    def __init__(
        self,
        registry: Registry,
        inboxes: Inboxes,
        services: MailServices,
        works: Callable[[Agent], bool],
    ) -> None:
        self._registry = registry
        self._inboxes = inboxes
        self._services = services
        self._works = works

    def hear(self, agent: Agent, event: bell.Event) -> None:
        """The client of an agent reports what it does: that is a sign of life."""
        if event == "none":
            return
        agent.active = self._services.clock().mono
        agent.heard = _heard(event)
        if event == "session_start":
            self._offer_again(agent)

    def presence(self, agent: Agent) -> letters.Presence:
        """Return what an agent does. What its client reported last says most."""
        if not agent.holders:
            return "gone" if agent.awaited is None else "online"
        if agent.heard not in (None, "online"):
            return agent.heard
        inbox = self._inboxes.look(agent)
        if inbox is not None and inbox.has_receiver:
            return "idle"
        if agent.heard is None and ((inbox is not None and inbox.in_flight) or self._works(agent)):
            return "working"
        return "online"

    def pick(self, agents: list[Agent], served: Collection[int] = ()) -> Agent:
        """Choose for a message that any of them may take: one of those who have it, if any."""
        served_ones = [agent for agent in agents if agent.id in served]
        waiting = [agent for agent in agents if self.presence(agent) == "idle"]
        return min(served_ones or waiting or agents, key=self._inboxes.burden)

    def states(self) -> list[letters.AgentState]:
        """Return every known agent as others see it, by name."""
        return [
            letters.AgentState(
                name=agent.name,
                role=agent.role,
                description=agent.description,
                presence=self.presence(agent),
                client=agent.client,
                pid=agent.pid,
                working_directory=agent.working_directory,
                since=agent.since,
                depth=self._inboxes.depth(agent),
            )
            for agent in self._registry.agents()
        ]

    def _offer_again(self, agent: Agent) -> None:
        """The client may have forgotten what its bridge received: that is not its fault."""
        for token, holder in agent.holders.items():
            if holder.kind == "bridge":
                self._inboxes.tell_existing(agent, _reclaiming(token))


def _reclaiming(token: bytes) -> Work:
    return lambda inbox, now: inbox.reclaim(token, now)


def _heard(event: bell.Event) -> letters.Presence | None:
    match event:
        case "prompt" | "tools":
            return "working"
        case "blocked":
            return "blocked"
        case "session_end":
            return "gone"
        case "stop" | "idle":
            return "online"
        case "session_start" | "none":
            return None
        case _:
            assert_never(event)
