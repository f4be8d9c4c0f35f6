from __future__ import annotations

import pytest

from signalpost.bridge_words import program_of_bridge


@pytest.mark.parametrize(
    ("line", "program"),
    [
        ("/opt/bin/signalpost mcp", "/opt/bin/signalpost"),
        ("/opt/bin/python /opt/bin/signalpost mcp alice", "/opt/bin/signalpost"),
        ("/opt/bin/python -m signalpost mcp --data-dir /tmp/x", "/opt/bin/python"),
        ("uvx signalpost mcp", "signalpost"),
        ("signalpost hook session-start", ""),
        ("signalpost", ""),
        ("mcp", ""),
        ("other mcp", ""),
        ("vim signalpost/mcp", ""),
        ("", ""),
    ],
)
def test_the_command_line_of_a_bridge_is_told_from_others(line: str, program: str) -> None:
    assert program_of_bridge(line.split()) == program
