"""A bridge that has loaded a part of the SDK answers like one that has loaded all of it."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters

from signalpost.mcp_bridge.tools import offered
from tests.mcp_bridge.bridge_process import ENVIRONMENT, INITIALIZE, SCRIPT, running
from tests.mcp_bridge.wire import modern

FORMS = ("lean", "whole")
ARGUMENTS = {"command": "true", "working_directory": "/"}
RUN: dict[str, Any] = {"name": "run_task", "arguments": ARGUMENTS}
REQUESTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("ping", {}),
    ("tools/list", {}),
    ("tools/list", {"cursor": 7}),
    ("tools/call", RUN),
    ("tools/call", {"name": "run_task", "arguments": {}}),
    ("tools/call", {"name": "receive_message"}),
    ("tools/call", {"name": "get_queue_status"}),
    ("tools/call", {"name": "no_such_tool"}),
    ("tools/call", {"arguments": {}}),
    ("resources/list", {}),
    ("prompts/get", {"name": "x"}),
    ("subscriptions/listen", {}),
    ("logging/setLevel", {"level": "debug"}),
    ("logging/setLevel", {"level": "loud"}),
    ("tasks/get", {"taskId": "1"}),
    ("no/such/method", {"a": 1}),
    ("server/discover", {}),
)
"""Served and refused, in either era."""
HALF_AN_ENVELOPE = {"_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}}


def _answers(tmp_path: Path, form: str) -> list[dict[str, Any]]:
    """Return what a bridge answers to everything in both eras, mixed."""
    asked: list[tuple[str, dict[str, Any]]]
    asked = [("tools/list", {}), ("initialize", {}), ("initialize", INITIALIZE)]
    asked += [request for method, params in REQUESTS for request in _both(method, params)]
    asked += [("tools/list", HALF_AN_ENVELOPE), ("initialize", modern(**INITIALIZE))]
    answers: list[dict[str, Any]] = []
    folder = tmp_path / form
    folder.mkdir()
    with running(folder, form) as bridge:
        for number, (method, params) in enumerate(asked):
            bridge.send(method, number, **params)
            answers.append(bridge.receive())
            if method == "initialize":
                bridge.send("notifications/initialized")
        bridge.close_stdin()
        bridge.end()
    return answers


def _both(method: str, params: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(method, params), (method, modern(**params))]


def test_every_answer_is_the_same_in_both_forms(tmp_path: Path) -> None:
    lean, whole = (_answers(tmp_path, form) for form in FORMS)
    for ours, theirs in zip(lean, whole, strict=True):
        # The texts around a message carry a mark that is made anew each time.
        assert _without_marks(ours) == _without_marks(theirs)
    assert sum("result" in answer for answer in lean) > 10
    assert sum("error" in answer for answer in lean) > 10


def _without_marks(answer: dict[str, Any]) -> str:
    return re.sub(r"\b[0-9a-f]{16}\b", "MARK", repr(answer))


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
@pytest.mark.parametrize("form", FORMS)
async def test_the_official_client_finds_every_tool(tmp_path: Path, form: str, mode: str) -> None:
    arguments = ["-c", SCRIPT, str(tmp_path / "notes"), form]
    server = StdioServerParameters(command=sys.executable, args=arguments, env=ENVIRONMENT)
    with anyio.fail_after(30):
        async with Client(server, mode=mode) as client:
            listed = await client.list_tools()
            result = await client.call_tool("run_task", ARGUMENTS)
    assert [tool.name for tool in listed.tools] == [tool.name for tool in offered()]
    assert not result.is_error


@pytest.mark.parametrize("form", FORMS)
def test_only_a_bridge_that_starts_slowly_says_so_and_once(tmp_path: Path, form: str) -> None:
    with running(tmp_path, form) as bridge:
        bridge.handshake()
        bridge.close_stdin()
        status, log = bridge.end()
    assert status == 0
    slow = "signalpost mcp: starts slower than it could and takes more memory: "
    assert log.count("\n") == log.count(slow) == (form == "whole")


def test_one_era_alone_is_loaded_for_a_client_of_one_era(tmp_path: Path) -> None:
    with running(tmp_path, "modules") as bridge:
        bridge.handshake()
        bridge.send("tools/list", 1)
        assert bridge.receive()["id"] == 1
        bridge.run("modules", 2)
        assert bridge.receive()["id"] == 2
        loaded = bridge.notes()
    assert "mcp_types._v2025_11_25" in loaded
    assert "mcp_types._v2026_07_28" not in loaded
    assert "opentelemetry" not in loaded
