"""The processes that spoke for agents when an earlier broker life ended, and still live.

A client dials when it has something to ask, so it may be long until it comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..transport import lifeline
from .agent import Agent, Holder


class Survivors:
    """Watches them; ``died`` gets the number of the agent whose process has ended."""

    def __init__(self, died: Callable[[int], None]) -> None:
        self._died = died
        self._lifelines: list[lifeline.Lifeline] = []

    def await_them(self, agents: Iterable[Agent]) -> None:
        """Note with each agent who is to come back, if somebody is."""
        for agent in agents:
            if self._lives(agent):
                agent.awaited = Holder("bridge", client_of(agent.pid))

    def close(self) -> None:
        """Watch nobody any more."""
        for line in self._lifelines:
            line.close()
        self._lifelines.clear()

    def _lives(self, agent: Agent) -> bool:
        if not agent.pid or lifeline.start_time(agent.pid) != agent.pid_started:
            return False
        line = lifeline.Lifeline(agent.pid, lambda: self._died(agent.id))
        self._lifelines.append(line)
        return line.watching


def client_of(bridge: int) -> tuple[int, float] | None:
    """Return what tells the MCP client behind a bridge from every other process."""
    client = lifeline.parent(bridge)
    return (client, lifeline.start_time(client)) if client > 1 else None
