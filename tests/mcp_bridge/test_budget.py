"""Every client gets its answer before it gives up."""

from __future__ import annotations

import pytest

from signalpost.mcp_bridge.budget import capped, wait_budget


def _budget(
    client: str,
    option: float | None = None,
    progress: bool = True,
    environment: dict[str, str] | None = None,
) -> float | None:
    return wait_budget(client, option=option, progress=progress, environment=environment or {})


@pytest.mark.parametrize(
    ("client", "seconds"),
    [
        ("claude-code", None),
        ("codex-mcp-client", 290),
        ("gemini-cli-mcp-client", 590),
        ("opencode", None),
        ("cline", 55),
        ("Cline", 55),
        ("@cline/core", 55),
        ("copilot-cli", 170),
        ("github-copilot-developer", 170),
        ("claude-ai", 55),
        ("vscode", None),
        ("Visual Studio Code", None),
        ("Visual Studio Code - Insiders", None),
        ("somebody-else", 50),
        ("", 50),
    ],
)
def test_each_client_has_its_budget(client: str, seconds: float | None) -> None:
    assert _budget(client) == seconds


def test_opencode_without_progress_gives_up_after_a_minute() -> None:
    assert _budget("opencode", progress=False) == 55


@pytest.mark.parametrize(
    ("milliseconds", "seconds"),
    [
        ("600000", 595),
        ("20000", 15),
        ("6000", 3),
        ("999", None),
        ("0", None),
        ("", None),
        ("ten", None),
        ("-5000", None),
        ("²", None),
    ],
)
def test_claude_code_tells_its_limit_in_the_environment(
    milliseconds: str, seconds: float | None
) -> None:
    assert _budget("claude-code", environment={"MCP_TOOL_TIMEOUT": milliseconds}) == seconds


def test_the_variable_of_claude_code_is_nobody_elses() -> None:
    assert _budget("codex-mcp-client", environment={"MCP_TOOL_TIMEOUT": "20000"}) == 290


def test_the_option_wins() -> None:
    assert _budget("codex-mcp-client", option=12.5) == 12.5
    assert _budget("codex-mcp-client", option=0) is None
    assert _budget("claude-code", option=7, environment={"MCP_TOOL_TIMEOUT": "60000"}) == 7


@pytest.mark.parametrize(
    ("wanted", "budget", "seconds"),
    [(None, None, None), (None, 50, 50), (5, None, 5), (5, 50, 5), (500, 50, 50), (0, 50, 0)],
)
def test_a_wish_never_exceeds_the_budget(
    wanted: float | None, budget: float | None, seconds: float | None
) -> None:
    assert capped(wanted, budget) == seconds
