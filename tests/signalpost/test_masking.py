from __future__ import annotations

import pytest

from signalpost.masking import masked, masked_words


@pytest.mark.parametrize(
    "line",
    [
        ' "primaryApiKey": "sk-123",',
        ' API_TOKEN = "sk-123" # mine',
        " env = { github_token = 'sk-123', A = \"b\" }",
        '{"headers":{"Authorization":"Bearer sk-123"},"x":1}',
        '"MY_SECRET" : "a\\"sk-123"',
        "db.password='sk-123'",
    ],
)
def test_what_may_be_a_secret_is_not_shown(line: str) -> None:
    shown = masked(line)
    assert "sk-123" not in shown
    assert "\u2026" in shown
    assert shown[:4] == line[:4]


@pytest.mark.parametrize(
    "line", ['+args = ["mcp", "--wait-budget", "3590"]', '"theme": "dark"', "+[mcp_servers.x]"]
)
def test_everything_else_is(line: str) -> None:
    assert masked(line) == line


def test_a_long_line_takes_no_long_time() -> None:
    line = '"data": "' + "akey" * 100_000 + '"'
    assert masked(line) == line


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["signalpost", "mcp", "--wait-budget", "5"], "signalpost mcp --wait-budget 5"),
        (["env", "API_KEY=sk-1", "A=b=c", "signalpost"], "env API_KEY=… A=b=c signalpost"),
        (["npx", "x", "--token", "ghp_1", "mcp"], "npx x --token … mcp"),
        (["npx", "--auth-token=ghp_1", "x"], "npx --auth-token=… x"),
        (["x", "--use-keychain", "--password", "p"], "x --use-keychain --password …"),
        (["/opt/tokens/signalpost", "mcp"], "/opt/tokens/signalpost mcp"),
        ([], ""),
    ],
)
def test_the_words_of_a_command_are_shown_without_its_secrets(words: list[str], shown: str) -> None:
    assert masked_words(words) == shown
