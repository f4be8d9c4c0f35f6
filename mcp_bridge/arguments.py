"""The arguments of a tool call become a typed call, or a refusal with the remedy. Pure.

An optional argument that is null counts as left out: some models fill in
every parameter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TypeVar

from ..transport import names
from ..transport.errors import BadRequest
from . import calls, given
from .env_vars import read_env_vars

MAX_LINES = 200
DEFAULT_TIMEOUT = 1200.0
_MAX_ID = 2**63 - 1
# Gemini CLI adds this one to the calls of every tool, on its own.
_IGNORED = frozenset({"wait_for_previous"})

Given = Mapping[str, object]
T = TypeVar("T")


def read_call(tool: str, arguments: Given | None) -> calls.Call:
    """Return the call that ``arguments`` describe.

    :raises BadRequest: unknown tool, or arguments that are unknown, missing or wrong
    """
    reader = _READERS.get(tool)
    if reader is None:
        known = ", ".join(_READERS)
        raise BadRequest(f"there is no tool {given.shown(tool)}. Use one of: {known}.")
    read, parameters = reader
    present = {k: v for k, v in (arguments or {}).items() if k not in _IGNORED and v is not None}
    unknown = [name for name in present if name not in parameters]
    if unknown:
        takes = f"It takes {', '.join(parameters)}." if parameters else "It takes no arguments."
        raise BadRequest(f"{tool} has no argument {given.shown(unknown[0])}. {takes}")
    return read(present)


def _run_task(present: Given) -> calls.RunTask:
    return calls.RunTask(
        command=_needed(present, "command", _command),
        working_directory=_needed(present, "working_directory", _directory),
        queue_name=_optional(present, "queue_name", _queue_name, "global"),
        timeout_seconds=_optional(present, "timeout_seconds", _timeout, DEFAULT_TIMEOUT),
        env_vars=read_env_vars(present.get("env_vars", "")),
        notify=_optional(present, "notify", _boolean, False),
    )


def _task_status(present: Given) -> calls.TaskStatus:
    return calls.TaskStatus(
        task_id=_needed(present, "task_id", _task_id),
        wait_seconds=_optional(present, "wait_seconds", _wait, None),
        lines=_optional(present, "lines", _lines, 0),
    )


def _cancel_task(present: Given) -> calls.CancelTask:
    return calls.CancelTask(task_id=_needed(present, "task_id", _task_id))


def _needed(present: Given, name: str, read: Callable[[object, str], T]) -> T:
    if name not in present:
        raise BadRequest(f"{name} is missing. Pass {_EXPLAINED[name]}.")
    return read(present[name], name)


def _optional(present: Given, name: str, read: Callable[[object, str], T], default: T) -> T:
    return read(present[name], name) if name in present else default


def _command(value: object, name: str) -> str:
    command = given.text(value, name)
    if not command.strip():
        raise BadRequest(f"{name} is empty. Pass {_EXPLAINED[name]}.")
    return command


def _directory(value: object, name: str) -> str:
    directory = given.text(value, name)
    if not directory.startswith("/"):
        raise BadRequest(f"{name} {given.shown(directory)} is not absolute. Begin it with '/'.")
    return directory


def _queue_name(value: object, name: str) -> str:
    return names.queue_name(given.text(value, name))


def _timeout(value: object, name: str) -> float:
    seconds = _number(value, name)
    if seconds <= 0:
        raise BadRequest(f"{name} is {given.shown(value)}. Pass a number of seconds above 0.")
    return seconds


def _wait(value: object, name: str) -> float:
    seconds = _number(value, name)
    if seconds < 0:
        raise BadRequest(f"{name} is {given.shown(value)}. Pass a number of seconds, 0 or more.")
    return seconds


def _number(value: object, name: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
    raise BadRequest(f"{name} must be a finite number, not {given.shown(value)}.")


def _integer(value: object, name: str, least: int, most: int) -> int:
    # JSON knows one kind of number: 8.0 is an integer too.
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    if isinstance(whole, int) and not isinstance(whole, bool) and least <= whole <= most:
        return whole
    raise BadRequest(
        f"{name} is {given.shown(value)}. Pass a whole number from {least} to {most}."
        if most < _MAX_ID
        else f"{name} is {given.shown(value)}. Pass {_EXPLAINED[name]}."
    )


def _task_id(value: object, name: str) -> int:
    return _integer(value, name, 1, _MAX_ID)


def _lines(value: object, name: str) -> int:
    return _integer(value, name, 0, MAX_LINES)


def _boolean(value: object, name: str) -> bool:
    if isinstance(value, bool):
        return value
    raise BadRequest(f"{name} must be true or false, not {given.shown(value)}.")


_EXPLAINED = {
    "command": "the shell command to run",
    "working_directory": "the absolute path of the folder to run it in",
    "task_id": "the number after task= in a RUNNING line",
}
_READERS: dict[str, tuple[Callable[[Given], calls.Call], tuple[str, ...]]] = {
    "run_task": (
        _run_task,
        (
            "command",
            "working_directory",
            "queue_name",
            "timeout_seconds",
            "env_vars",
            "notify",
        ),
    ),
    "task_status": (_task_status, ("task_id", "wait_seconds", "lines")),
    "cancel_task": (_cancel_task, ("task_id",)),
    "clear_task_logs": (lambda _: calls.ClearTaskLogs(), ()),
    "get_queue_status": (lambda _: calls.GetQueueStatus(), ()),
}
