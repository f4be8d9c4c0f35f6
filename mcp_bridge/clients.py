"""The broker clients of one bridge: one per agent, made when its tools are listed or called.

A bridge serves one agent as a rule; but an unnamed one is a new agent in each
conversation, and Codex tells in every call which one it belongs to.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import anyio
from anyio.abc import TaskGroup

from ..transport.errors import SignalpostError
from .broker_port import BrokerPort, Dial
from .identity import AgentIdentity

logger = logging.getLogger(__name__)


class Clients:
    """Keeps the clients; they run in ``tasks``, so that one that fails ends the bridge."""

    def __init__(self, tasks: TaskGroup, dial: Dial) -> None:
        self._tasks = tasks
        self._dial = dial
        self._clients: dict[AgentIdentity, BrokerPort] = {}
        self._greeted: set[AgentIdentity] = set()

    def of(self, agent: AgentIdentity) -> BrokerPort:
        """Return the agent's client."""
        client = self._clients.get(agent)
        if client is None:
            client = self._clients[agent] = self._dial(agent)
            self._tasks.start_soon(client.run)
        return client

    def greet(self, agent: AgentIdentity) -> None:
        """Have the broker know the agent, beside everything else; once, unless it fails."""

        async def ping() -> None:
            try:
                await self.of(agent).ping()
            except SignalpostError:
                self._greeted.discard(agent)  # the next list or call tries again
                raise

        if agent not in self._greeted:
            self._greeted.add(agent)
            self.beside(ping, "register with the broker")

    def beside(self, work: Callable[[], Awaitable[object]], what: str) -> None:
        """Do ``work`` while everything else goes on; a refusal is logged in one line."""

        async def do() -> None:
            try:
                await work()
            except SignalpostError as error:
                logger.warning("could not %s: %s", what, error)

        self._tasks.start_soon(do)

    async def close(self) -> None:
        """Say bye for every agent at once; the caller bounds the time."""
        async with anyio.create_task_group() as farewells:
            for client in self._clients.values():
                farewells.start_soon(client.close)
