"""An agent is known once its client has got the list of the tools, wherever it is known who it is."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import anyio
import mcp.types as t
import pytest

from signalpost.mcp_bridge.clients import Clients
from signalpost.mcp_bridge.greeting import Greeting
from signalpost.mcp_bridge.identity import AgentIdentity, is_known_before_a_call
from tests.mcp_bridge.bridge_process import running
from tests.mcp_bridge.stand_in import ERAS, RUN, Setting, StandIn, bridge, options, thread_meta

CODEX = "codex-mcp-client"
APP = "app/claude-code"


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def _listed(setting: Setting, thread: str = "") -> None:
    meta = thread_meta(thread) if thread else None
    params = t.PaginatedRequestParams(_meta=meta) if meta else t.PaginatedRequestParams()
    await setting.client.session.list_tools(params=params)
    await anyio.wait_all_tasks_blocked()


@pytest.mark.parametrize("client", ["gemini-cli-mcp-client", "opencode", "copilot-cli", "who"])
async def test_an_unnamed_agent_is_known_when_its_client_has_listed_the_tools(
    era: str, client: str
) -> None:
    broker = StandIn()
    async with bridge(era, broker, client_name=client) as setting:
        assert setting.dialled == []
        await _listed(setting)
        await _listed(setting)
        assert broker.pings == 1
        assert setting.dialled == [AgentIdentity(label=f"app/{client}")]
        assert setting.dialled[0].working_directory == "/home/me/app"
        await setting.call("run_task", RUN)
        assert len(setting.dialled) == 1, "its calls come from the same agent"


async def test_claude_code_is_known_by_the_conversation_of_its_environment(era: str) -> None:
    around = {"CLAUDE_CODE_SESSION_ID": "c-1"}
    async with bridge(era, StandIn(), client_name="claude-code", environment=around) as setting:
        await _listed(setting)
        assert setting.dialled == [AgentIdentity(thread="c-1", label=APP)]


async def test_codex_is_not_known_before_it_tells_the_conversation(era: str) -> None:
    async with bridge(era, StandIn(), client_name=CODEX) as setting:
        await _listed(setting)
        assert setting.dialled == []
        await setting.call("run_task", RUN, meta=thread_meta("t-1"))
        assert setting.dialled == [AgentIdentity(thread="t-1", label=f"app/{CODEX}")]


async def test_codex_with_a_name_is_known(era: str) -> None:
    async with bridge(
        era, StandIn(), client_name=CODEX, environment={"SIGNALPOST_AGENT": "alice"}
    ) as setting:
        await _listed(setting)
        assert setting.dialled == [AgentIdentity(agent="alice")]


def test_a_conversation_that_is_told_with_the_list_is_good() -> None:
    assert is_known_before_a_call(CODEX, {"threadId": "t-1"})
    assert not is_known_before_a_call(CODEX, {"threadId": 1})
    assert not is_known_before_a_call("codex-vscode", {})


async def test_a_name_that_is_none_lists_the_tools_and_greets_nobody(era: str) -> None:
    async with bridge(era, StandIn(), told=options(agent="a b")) as setting:
        assert (await setting.client.list_tools()).tools
        await anyio.wait_all_tasks_blocked()
        assert setting.dialled == []


class Greeted:
    """Notes who is greeted."""

    def __init__(self) -> None:
        self.agents: list[AgentIdentity] = []

    def greet(self, agent: AgentIdentity) -> None:
        self.agents.append(agent)


def test_nobody_is_greeted_before_the_list_is_written() -> None:
    greeted, alice = Greeted(), AgentIdentity(agent="alice")
    greeting = Greeting(cast("Clients", greeted))
    greeting.owe(7, alice)
    greeting.written(6)
    assert greeted.agents == []
    greeting.written(7)
    greeting.written(7)
    assert greeted.agents == [alice]


def test_nobody_is_greeted_whose_list_failed_or_whose_client_began_again() -> None:
    greeted = Greeted()
    greeting = Greeting(cast("Clients", greeted))
    greeting.owe(7, AgentIdentity(agent="alice"))
    greeting.failed(7)
    greeting.written(7)
    greeting.owe(8, AgentIdentity(agent="bob"))
    greeting.restarted()
    greeting.written(8)
    assert greeted.agents == []


def test_a_client_that_lists_and_leaves_says_bye(tmp_path: Path) -> None:
    with running(tmp_path, "greeted") as it:
        it.handshake()
        it.send("tools/list", 1)
        assert it.receive()["id"] == 1
        it.send("ping", 2)  # is read after the greeting has begun
        assert it.receive()["id"] == 2
        it.close_stdin()
        assert it.end() == (0, "")
        assert it.notes() == ["greeted", "bye"]
