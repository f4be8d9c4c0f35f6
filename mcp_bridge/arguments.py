"""The arguments of a tool call become a typed call, or a refusal with the remedy. Pure.

An optional argument that is null counts as left out: some models fill in
every parameter.
"""

from __future__ import annotations

from collections.abc import Callable

from ..transport import names
from ..transport.errors import BadRequest
from . import calls, given, mail_arguments
from .env_vars import read_env_vars
from .given import Given
from .mail_calls import MailCall

MAX_LINES = 200
DEFAULT_TIMEOUT = 1200.0
_MAX_ID = 2**63 - 1
_TASK_ID = "the number after task= in a RUNNING line"
_COMMAND = "the shell command to run"
# Gemini CLI adds this one to the calls of every tool, on its own.
_IGNORED = frozenset({"wait_for_previous"})


def read_call(tool: str, arguments: Given | None) -> calls.Call | MailCall:
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
    folder = "the absolute path of the folder to run it in"
    return calls.RunTask(
        command=given.needed(present, "command", _command, _COMMAND),
        working_directory=given.needed(present, "working_directory", _directory, folder),
        queue_name=given.optional(present, "queue_name", _queue_name, "global"),
        timeout_seconds=given.optional(
            present, "timeout_seconds", given.some_seconds, DEFAULT_TIMEOUT
        ),
        env_vars=read_env_vars(present.get("env_vars", "")),
        notify=given.optional(present, "notify", given.boolean, False),
    )


def _task_status(present: Given) -> calls.TaskStatus:
    return calls.TaskStatus(
        task_id=given.needed(present, "task_id", _task_id, _TASK_ID),
        wait_seconds=given.optional(present, "wait_seconds", given.seconds, None),
        lines=given.optional(present, "lines", _lines, 0),
    )


def _cancel_task(present: Given) -> calls.CancelTask:
    return calls.CancelTask(task_id=given.needed(present, "task_id", _task_id, _TASK_ID))


def _get_queue_status(present: Given) -> calls.GetQueueStatus:
    return calls.GetQueueStatus(agent=given.optional(present, "agent", mail_arguments.agent, ""))


def _command(value: object, name: str) -> str:
    command = given.text(value, name)
    if not command.strip():
        raise BadRequest(f"{name} is empty. Pass {_COMMAND}.")
    return command


def _directory(value: object, name: str) -> str:
    directory = given.text(value, name)
    if not directory.startswith("/"):
        raise BadRequest(f"{name} {given.shown(directory)} is not absolute. Begin it with '/'.")
    return directory


def _queue_name(value: object, name: str) -> str:
    return names.queue_name(given.text(value, name))


def _task_id(value: object, name: str) -> int:
    return given.integer(value, name, 1, _MAX_ID, _TASK_ID)


def _lines(value: object, name: str) -> int:
    return given.integer(value, name, 0, MAX_LINES)


_READERS: dict[str, tuple[Callable[[Given], calls.Call | MailCall], tuple[str, ...]]] = {
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
    **mail_arguments.READERS,
    "get_queue_status": (_get_queue_status, ("agent",)),
}
