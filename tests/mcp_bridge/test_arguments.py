"""Arguments become a typed call, or a refusal that says what to do."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalpost.mcp_bridge import calls
from signalpost.mcp_bridge.arguments import read_call
from signalpost.mcp_bridge.tools import offered
from signalpost.transport.errors import BadRequest

RUN: dict[str, object] = {"command": "make", "working_directory": "/src"}

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def test_a_run_needs_command_and_folder_only() -> None:
    assert read_call("run_task", RUN) == calls.RunTask("make", "/src")


def test_a_run_takes_everything_else_too() -> None:
    call = read_call(
        "run_task",
        {
            **RUN,
            "queue_name": "emulator/1",
            "timeout_seconds": 90,
            "env_vars": "A=1,B=2",
            "notify": True,
        },
    )
    assert call == calls.RunTask("make", "/src", "emulator/1", 90, {"A": "1", "B": "2"}, True)


def test_the_other_tools_are_read() -> None:
    assert read_call("task_status", {"task_id": 8}) == calls.TaskStatus(8, None, 0)
    status = read_call("task_status", {"task_id": 8.0, "wait_seconds": 2, "lines": 200})
    assert status == calls.TaskStatus(8, 2, 200)
    assert read_call("cancel_task", {"task_id": 8}) == calls.CancelTask(8)
    assert read_call("clear_task_logs", None) == calls.ClearTaskLogs()
    assert read_call("get_queue_status", {"agent": ""}) == calls.GetQueueStatus()
    assert read_call("get_queue_status", {"agent": "bob"}) == calls.GetQueueStatus("bob")


def test_null_counts_as_left_out() -> None:
    filled = {**RUN, "queue_name": None, "timeout_seconds": None, "env_vars": None, "notify": None}
    assert read_call("run_task", filled) == calls.RunTask("make", "/src")


def test_the_argument_that_gemini_adds_is_ignored() -> None:
    assert read_call("run_task", {**RUN, "wait_for_previous": True}) == read_call("run_task", RUN)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"command": None}, "command is missing. Pass"),
        ({"command": ""}, "command is empty. Pass"),
        ({"command": " \n"}, "command is empty. Pass"),
        ({"command": "a\0b"}, "command contains a NUL"),
        ({"command": "a\ud800"}, "command contains half of a surrogate pair"),
        ({"command": ["make"]}, 'command must be a string, not ["make"]'),
        ({"working_directory": None}, "working_directory is missing. Pass"),
        ({"working_directory": "src"}, 'working_directory "src" is not absolute. Begin'),
        ({"working_directory": "~/src"}, 'working_directory "~/src" is not absolute.'),
        ({"working_directory": ""}, 'working_directory "" is not absolute.'),
        ({"working_directory": "/a\0"}, "working_directory contains a NUL"),
        ({"queue_name": ""}, "queue_name is empty. Use"),
        ({"queue_name": "a b"}, "queue_name may not contain ' '. Use"),
        ({"queue_name": 3}, "queue_name must be a string, not 3"),
        ({"queue_name": "\ud800"}, "queue_name contains half of a surrogate pair"),
        ({"timeout_seconds": 0}, "timeout_seconds is 0. Pass"),
        ({"timeout_seconds": -1}, "timeout_seconds is -1. Pass"),
        ({"timeout_seconds": True}, "timeout_seconds must be a finite number, not true"),
        ({"timeout_seconds": "60"}, 'timeout_seconds must be a finite number, not "60"'),
        ({"timeout_seconds": math.inf}, "timeout_seconds must be a finite number, not Infinity"),
        ({"timeout_seconds": math.nan}, "timeout_seconds must be a finite number, not NaN"),
        ({"timeout_seconds": 10**400}, "timeout_seconds must be a finite number, not 1000"),
        ({"env_vars": "nonsense"}, "env_vars has no '='"),
        ({"notify": "yes"}, 'notify must be true or false, not "yes"'),
        ({"cwd": "/src"}, 'run_task has no argument "cwd". It takes command, working_directory'),
    ],
)
def test_a_wrong_run_is_refused_with_the_remedy(change: dict[str, object], reason: str) -> None:
    with pytest.raises(BadRequest) as refused:
        read_call("run_task", {**RUN, **change})
    assert str(refused.value).startswith(reason)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({}, "task_id is missing. Pass the number after task="),
        ({"task_id": "8"}, 'task_id is "8". Pass the number after task='),
        ({"task_id": 0}, "task_id is 0. Pass"),
        ({"task_id": True}, "task_id is true. Pass"),
        ({"task_id": 8.5}, "task_id is 8.5. Pass"),
        ({"task_id": 2**63}, f"task_id is {2**63}. Pass"),
        ({"task_id": 8, "wait_seconds": -1}, "wait_seconds is -1. Pass"),
        ({"task_id": 8, "wait_seconds": False}, "wait_seconds must be a finite number, not false"),
        ({"task_id": 8, "lines": 201}, "lines is 201. Pass a whole number from 0 to 200."),
        ({"task_id": 8, "lines": -1}, "lines is -1. Pass a whole number from 0 to 200."),
    ],
)
def test_a_wrong_status_is_refused_with_the_remedy(
    arguments: dict[str, object], reason: str
) -> None:
    with pytest.raises(BadRequest) as refused:
        read_call("task_status", arguments)
    assert str(refused.value).startswith(reason)


def test_an_unknown_tool_is_refused_naming_the_known_ones() -> None:
    with pytest.raises(BadRequest, match=r'^there is no tool "shell". Use one of: run_task, '):
        read_call("shell", {})


def test_a_tool_without_arguments_refuses_any() -> None:
    with pytest.raises(BadRequest, match=r'^list_agents has no argument "x". It takes no'):
        read_call("list_agents", {"x": 1})


def test_every_tool_offered_takes_exactly_the_arguments_it_describes() -> None:
    for tool in offered():
        described = cast("dict[str, object]", tool.input_schema["properties"])
        with pytest.raises(BadRequest) as refused:
            read_call(tool.name, {"no such": 1})
        for name in described:
            assert name in str(refused.value)


@given(
    st.sampled_from([tool.name for tool in offered()]),
    st.dictionaries(
        st.sampled_from(["command", "working_directory", "task_id", "lines", "env_vars", "x"]),
        _JSON,
    ),
)
def test_garbage_raises_nothing_but_bad_request(tool: str, arguments: dict[str, object]) -> None:
    with suppress(BadRequest):
        read_call(tool, arguments)
