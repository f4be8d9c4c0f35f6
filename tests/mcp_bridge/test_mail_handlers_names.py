"""An agent is told its name where it is another, and is known before it says a word."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from signalpost.transport.errors import BadRequest
from tests.mcp_bridge.stand_in import ERAS, StandIn, bridge, options

SEND = {"to": "bob", "content": "hi"}
NONE = '{"status":"no_messages","timeout":5,"acknowledged":[]}'
TAKEN = "You are alice~2 here: alice is held by another living client."


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_another_name_is_told_with_the_first_mail_and_with_all_names(era: str) -> None:
    broker = StandIn(agent="alice~2")
    async with bridge(era, broker, told=options(agent="alice")) as setting:
        calls: list[tuple[str, dict[str, Any]]] = [
            ("receive_message", {}),
            ("receive_message", {}),
            ("list_agents", {}),
            ("send_message", SEND),
        ]
        texts = [(await setting.call(tool, given)).text for tool, given in calls]
        assert [text.split("\n")[-1] == TAKEN for text in texts] == [True, False, True, False]
        registered = await setting.call("register_agent", {"name": "carol"})
        assert "You are" not in registered.text


async def test_an_agent_that_has_its_name_is_told_nothing(era: str) -> None:
    async with bridge(era, StandIn(), told=options(agent="alice")) as setting:
        assert (await setting.call("receive_message")).text == NONE


async def test_an_unnamed_agent_did_not_wish_any_name(era: str) -> None:
    async with bridge(era, StandIn(agent="app/test-client~2")) as setting:
        assert (await setting.call("receive_message")).text == NONE


# ---------------------------------------------------------------- registering


async def test_a_named_agent_registers_when_its_client_lists_the_tools(era: str) -> None:
    broker = StandIn()
    async with bridge(era, broker, told=options(agent="alice")) as setting:
        assert setting.dialled == []
        await setting.client.list_tools()
        await broker.pinged.wait()
        await setting.client.list_tools()
        assert broker.pings == 1
        [agent] = setting.dialled
        assert (agent.agent, agent.client) == ("alice", "test-client")
        assert agent.working_directory == "/home/me/app"


async def test_a_registration_that_fails_delays_nothing_and_is_tried_again(
    era: str, caplog: pytest.LogCaptureFixture
) -> None:
    broker = StandIn(refuses=BadRequest("no"))
    async with bridge(era, broker, told=options(agent="alice")) as setting:
        assert (await setting.client.list_tools()).tools
        await broker.pinged.wait()
        await anyio.wait_all_tasks_blocked()
        assert "could not register with the broker: no" in caplog.text
        await setting.client.list_tools()
        await anyio.wait_all_tasks_blocked()
        assert broker.pings == 2
