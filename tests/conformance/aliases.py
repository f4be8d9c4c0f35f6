"""The suite calls the tools of its own reference server; here is what they are with us.

Only the name and the arguments of a call are changed. What comes back is the
answer of Signalpost's tool, untouched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

Arguments = Mapping[str, Any]
Call = dict[str, Any]
_NO_TASK = 2**40


def _run(command: str, queue_name: str) -> Call:
    arguments = {"command": command, "working_directory": "/tmp", "queue_name": queue_name}
    return {"name": "run_task", "arguments": arguments}


def _slow_compute(arguments: Arguments) -> Call:
    # A queue for each label: one task of the suite must not wait for another.
    label = str(arguments.get("label", "unlabelled"))
    return _run(f"sleep {float(arguments.get('seconds', 0))}  # {label}", f"suite-{label}")


def _look(_arguments: Arguments) -> Call:
    return {"name": "receive_message", "arguments": {"peek": True}}


_ALIASES: dict[str, Callable[[Arguments], Call]] = {
    "greet": _look,
    "test_simple_text": _look,
    "test_error_handling": lambda _: {"name": "task_status", "arguments": {"task_id": _NO_TASK}},
    "test_tool_with_progress": lambda _: _run("true", "suite-progress"),
    "slow_compute": _slow_compute,
    "failing_job": lambda _: _run("exit 1", "suite-failing"),
}


def translated(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message with the call of one of the suite's tools made one of ours."""
    params = message.get("params")
    if message.get("method") != "tools/call" or not isinstance(params, dict):
        return message
    asked = cast("dict[str, Any]", params)
    alias = _ALIASES.get(str(asked.get("name")))
    if alias is None:
        return message
    return {**message, "params": {**asked, **alias(asked.get("arguments") or {})}}
