"""A bridge has one broker client per agent, made when it is first needed."""

from __future__ import annotations

from typing import Any, cast

import anyio
import pytest

from signalpost.mcp_bridge.broker_port import BrokerPort
from signalpost.mcp_bridge.clients import Clients
from signalpost.mcp_bridge.identity import AgentIdentity
from signalpost.transport.errors import BrokerUnavailable


class StandIn:
    def __init__(self, agent: AgentIdentity, fails: bool = False) -> None:
        self.agent = agent
        self.running = anyio.Event()
        self.closed = 0
        self._fails = fails

    async def run(self) -> None:
        self.running.set()
        if self._fails:
            raise ZeroDivisionError
        await anyio.sleep_forever()

    async def close(self) -> None:
        self.closed += 1


def _dial(agent: AgentIdentity) -> BrokerPort:
    return cast("BrokerPort", StandIn(agent))


async def test_an_agent_keeps_its_client() -> None:
    async with anyio.create_task_group() as tasks:
        clients = Clients(tasks, _dial)
        alice, bob = AgentIdentity(agent="alice"), AgentIdentity(agent="bob")
        assert clients.of(alice) is clients.of(alice)
        assert clients.of(alice) is not clients.of(bob)
        with anyio.fail_after(5):
            for agent in (alice, bob):
                await _stand_in(clients, agent).running.wait()
        tasks.cancel_scope.cancel()


async def test_every_client_says_bye() -> None:
    async with anyio.create_task_group() as tasks:
        clients = Clients(tasks, _dial)
        made = [_stand_in(clients, AgentIdentity(agent=name)) for name in ("alice", "bob")]
        await clients.close()
        assert [client.closed for client in made] == [1, 1]
        tasks.cancel_scope.cancel()


async def test_a_client_that_fails_ends_the_bridge() -> None:
    def dial(agent: AgentIdentity) -> BrokerPort:
        return cast("BrokerPort", StandIn(agent, fails=True))

    with pytest.raises(ExceptionGroup):
        async with anyio.create_task_group() as tasks:
            Clients(tasks, dial).of(AgentIdentity())


async def test_a_refusal_of_what_is_done_beside_is_logged_in_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def work() -> None:
        raise BrokerUnavailable("no broker. Start one.")

    async with anyio.create_task_group() as tasks:
        Clients(tasks, _dial).beside(work, "do it")
    assert caplog.messages == ["could not do it: no broker. Start one."]


def _stand_in(clients: Clients, agent: AgentIdentity) -> StandIn:
    return cast("StandIn", cast("Any", clients.of(agent)))
