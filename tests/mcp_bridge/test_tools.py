"""What models read about the tools is held by a snapshot: change it knowingly.

Write the snapshot anew with ``python tests/mcp_bridge/test_tools.py``.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import cast

import pytest

from signalpost.mcp_bridge.tool_text import MAX_DESCRIPTION, Schema, ToolText
from signalpost.mcp_bridge.tools import offered

SNAPSHOT = Path(__file__).with_name("tools_snapshot.json")
FAMILIES = {
    *("gradle", "bazel", "make", "cmake", "mvn", "cargo", "go", "npm", "yarn", "pnpm"),
    *("docker", "podman", "kubectl", "helm", "pytest", "jest", "mocha", "rspec"),
}


def _current() -> str:
    return json.dumps([asdict(tool) for tool in offered()], indent=2, ensure_ascii=False) + "\n"


def test_the_tools_are_those_of_the_snapshot() -> None:
    assert _current() == SNAPSHOT.read_text(encoding="utf-8")


@pytest.mark.parametrize("tool", offered(), ids=lambda tool: tool.name)
def test_a_description_is_not_cut_off_by_any_client(tool: ToolText) -> None:
    assert 0 < len(tool.description) < MAX_DESCRIPTION
    assert tool.description.isascii()


def test_the_families_can_be_found_in_the_description_of_run_task() -> None:
    text = offered()[0].description
    words = text.replace(",", " ").replace(".", " ").split()
    assert set(words) >= FAMILIES


def test_only_tools_that_look_are_called_read_only() -> None:
    hints = {tool.name: (tool.read_only, tool.destructive, tool.open_world) for tool in offered()}
    assert hints == {
        "run_task": (False, True, True),
        "task_status": (True, False, False),
        "cancel_task": (False, True, False),
        "clear_task_logs": (False, True, False),
        "register_agent": (False, False, False),
        "send_message": (False, False, False),
        "receive_message": (False, False, False),
        "acknowledge_message": (False, False, False),
        "list_agents": (True, False, False),
        "get_queue_status": (True, False, False),
        "unregister_agent": (False, True, False),
    }


def test_the_messaging_tools_can_be_found_by_what_one_would_look_for() -> None:
    text = " ".join(f"{tool.title} {tool.description}" for tool in offered(no_tasks=True)).lower()
    words = text.translate(str.maketrans(",.;:()", "      ")).split()
    assert {"message", "mail", "inbox", "agent", "ask", "reply", "broadcast", "work"} <= set(words)


@pytest.mark.parametrize("tool", offered(), ids=lambda tool: tool.name)
def test_a_schema_takes_nothing_that_it_does_not_name(tool: ToolText) -> None:
    schema = tool.input_schema
    assert schema["additionalProperties"] is False
    assert set(cast("list[str]", schema["required"])) <= set(cast("Schema", schema["properties"]))


@pytest.mark.parametrize("tool", offered(), ids=lambda tool: tool.name)
def test_numbers_and_words_that_stand_in_a_schema_are_in_its_words_too(tool: ToolText) -> None:
    # Codex shows the model neither default nor minimum nor maximum.
    properties = cast("dict[str, Schema]", tool.input_schema["properties"])
    for name, parameter in properties.items():
        told = [parameter.get("default"), parameter.get("maximum")]
        for value in told:
            if value and not isinstance(value, bool):
                assert str(value) in str(parameter["description"]), (name, value)


def test_without_tasks_there_is_mail_and_the_queues_can_be_seen() -> None:
    names = [tool.name for tool in offered(no_tasks=True)]
    assert names == [tool.name for tool in offered()][4:]
    assert names[0] == "register_agent"


if __name__ == "__main__":
    SNAPSHOT.write_text(_current(), encoding="utf-8")
