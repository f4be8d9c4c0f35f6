"""An agent is known by its name, else by folder, client and conversation."""

from __future__ import annotations

import pytest

from signalpost.mcp_bridge.identity import AgentIdentity, given_name, unnamed
from signalpost.transport import names
from signalpost.transport.errors import BadRequest


def test_the_option_names_the_agent_before_the_environment() -> None:
    environment = {"SIGNALPOST_AGENT": "bob", "GPTQ_AGENT_NAME": "carol"}
    assert given_name("alice", environment) == "alice"
    assert given_name("", environment) == "bob"
    assert given_name("", {"GPTQ_AGENT_NAME": "carol"}) == "carol"
    assert given_name("", {"SIGNALPOST_AGENT": ""}) == ""


def test_a_bad_name_is_refused_saying_where_it_came_from() -> None:
    with pytest.raises(BadRequest, match=r"^SIGNALPOST_AGENT: .*may not contain"):
        given_name("", {"SIGNALPOST_AGENT": "a:b"})
    with pytest.raises(BadRequest, match=r"^the AGENT of signalpost mcp: "):
        given_name("-x", {})


def test_an_unnamed_agent_is_shown_by_folder_and_client() -> None:
    agent = unnamed("/home/me/my-app", "claude-code", {}, {})
    assert agent == AgentIdentity(agent="", thread="", label="my-app/claude-code")
    assert (agent.client, agent.working_directory) == ("claude-code", "/home/me/my-app")


def test_what_else_is_told_of_an_agent_makes_no_other_agent() -> None:
    assert AgentIdentity("alice", client="a", working_directory="/a") == AgentIdentity("alice")


def test_codex_tells_its_conversation_in_each_call() -> None:
    environment = {"CLAUDE_CODE_SESSION_ID": "other"}
    agent = unnamed("app", "codex-mcp-client", {"threadId": "t-1"}, environment)
    assert agent.thread == "t-1"


def test_claude_code_tells_its_conversation_in_the_environment() -> None:
    assert unnamed("app", "claude-code", {}, {"CLAUDE_CODE_SESSION_ID": "s-1"}).thread == "s-1"


def test_copilot_cli_tells_its_conversation_in_the_environment() -> None:
    assert unnamed("app", "copilot-cli", {}, {"COPILOT_AGENT_SESSION_ID": "s-1"}).thread == "s-1"


@pytest.mark.parametrize(
    ("client", "variable"),
    [
        ("opencode", "CLAUDE_CODE_SESSION_ID"),
        ("copilot-cli", "CLAUDE_CODE_SESSION_ID"),
        ("claude-code", "COPILOT_AGENT_SESSION_ID"),
    ],
)
def test_a_client_started_inside_another_one_is_another_agent(client: str, variable: str) -> None:
    assert unnamed("app", client, {}, {variable: "s-1"}).thread == ""


def test_a_thread_of_another_type_is_ignored() -> None:
    assert unnamed("app", "x", {"threadId": 5}, {}).thread == ""


@pytest.mark.parametrize(
    ("folder", "client"),
    [("", ""), ("My Project (1)", "Visual Studio Code"), ("-x", "a/b"), ("f" * 99, "c" * 99)],
)
def test_every_label_is_a_legal_name(folder: str, client: str) -> None:
    label = unnamed(folder, client, {}, {}).label
    assert names.agent_name(label) == label
    assert label.count("/") == 1
