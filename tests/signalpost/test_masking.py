from __future__ import annotations

import pytest

from signalpost.masking import masked


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
