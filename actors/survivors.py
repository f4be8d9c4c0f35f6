"""The processes that spoke for agents when an earlier broker life ended, and still live.

A client dials when it has something to ask, so it may be long until it comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..transport import lifeline, process
from .agent import Agent, Holder


class Survivors:
    """Watches them; ``died`` gets the number of the agent whose process has ended."""

    def __init__(self, died: Callable[[int], None]) -> None:
        self._died = died
        self._lifelines: dict[int, lifeline.Lifeline] = {}

    def await_them(self, agents: Iterable[Agent]) -> None:
        """Note with each agent who is to come back, if somebody is."""
        for agent in agents:
            if self._lives(agent):
                agent.awaited = Holder("bridge", client_of(agent.pid))

    def forget(self, agent_id: int) -> None:
        """Watch nobody for this agent any more, if anybody was: it is spoken for."""
        if (line := self._lifelines.pop(agent_id, None)) is not None:
            line.close()

    def close(self) -> None:
        """Watch nobody any more."""
        for agent_id in [*self._lifelines]:
            self.forget(agent_id)

    def _lives(self, agent: Agent) -> bool:
        if not agent.pid or process.start_time(agent.pid) != agent.pid_started:
            return False
        line = lifeline.Lifeline(agent.pid, lambda: self._lost(agent.id))
        self._lifelines[agent.id] = line
        return line.watching

    def _lost(self, agent_id: int) -> None:
        self.forget(agent_id)
        self._died(agent_id)


def client_of(bridge: int) -> tuple[int, float] | None:
    """Return what tells the MCP client behind a bridge from every other process."""
    client = process.parent(bridge)
    return (client, process.start_time(client)) if client > 1 else None
