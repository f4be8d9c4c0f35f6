"""The broker clients of one bridge: one per agent, made at its first tool call.

A bridge serves one agent as a rule; but an unnamed one is a new agent in each
conversation, and Codex tells in every call which one it belongs to.
"""

from __future__ import annotations

import anyio
from anyio.abc import TaskGroup

from .broker_port import BrokerPort, Dial
from .identity import AgentIdentity


class Clients:
    """Keeps the clients; they run in ``tasks``, so that one that fails ends the bridge."""

    def __init__(self, tasks: TaskGroup, dial: Dial) -> None:
        self._tasks = tasks
        self._dial = dial
        self._clients: dict[AgentIdentity, BrokerPort] = {}

    def of(self, agent: AgentIdentity) -> BrokerPort:
        """Return the agent's client."""
        client = self._clients.get(agent)
        if client is None:
            client = self._clients[agent] = self._dial(agent)
            self._tasks.start_soon(client.run)
        return client

    async def close(self) -> None:
        """Say bye for every agent at once; the caller bounds the time."""
        async with anyio.create_task_group() as farewells:
            for client in self._clients.values():
                farewells.start_soon(client.close)
