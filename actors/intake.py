"""What a request to run a task must satisfy. Pure but for looking at its folder."""

from __future__ import annotations

import math
import os
import re

import msgspec

from ..transport import frames, messages, names
from ..transport.errors import BadRequest, TooLarge
from .settings import Settings

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
UNASKED_SECONDS = 1200.0
"""The wire's default. Whoever sends just this may not have chosen it: it is capped, not refused."""


def check(request: messages.RunTask, settings: Settings) -> messages.RunTask:
    """Return the request with its names in their normal form and its time limit as it holds.

    :raises BadRequest: what is wrong and what to do
    :raises TooLarge: environment and command are over 1 MiB
    """
    if settings.no_tasks:
        raise BadRequest(
            "this broker serves no tasks (--no-tasks). Restart it without that option to use them."
        )
    _check_command(request.command)
    timeout = _timeout(request.timeout_seconds, settings.lock_timeout * 60)
    _check_variables(request)
    if request.wait_seconds is not None and not request.wait_seconds >= 0:
        raise BadRequest("wait_seconds must not be negative. Use 0 to return at once.")
    name = names.queue_name(request.queue_name)
    return msgspec.structs.replace(request, queue_name=name, timeout_seconds=timeout)


def _check_command(command: str) -> None:
    if not command.strip():
        raise BadRequest("the command is empty. Give a shell command, such as: make test")
    if "\0" in command:
        raise BadRequest("the command contains a NUL byte. Remove it.")


def _timeout(seconds: float, limit: float) -> float:
    if not math.isfinite(seconds) or seconds <= 0:
        raise BadRequest(
            f"timeout_seconds={seconds:g} is no time limit. Use a number above 0, such as 1200."
        )
    if seconds > limit and seconds != UNASKED_SECONDS:
        raise BadRequest(
            f"timeout_seconds={seconds:g} is above this broker's limit of {limit:g} s."
            f" Use at most {limit:g}, leave it out to get just that, or start the broker with a"
            " larger --lock-timeout."
        )
    return min(seconds, limit)


def _check_variables(request: messages.RunTask) -> None:
    size = len(request.command.encode("utf-8", "surrogateescape"))
    size += sum(len(k) + len(v) + 2 for k, v in request.environment.items())
    for name, value in request.env_vars.items():
        if not _VARIABLE.fullmatch(name):
            raise BadRequest(
                f"env_vars has the name {name!r}. Use letters, digits and _, not beginning"
                " with a digit."
            )
        if "\0" in value:
            raise BadRequest(f"env_vars {name} contains a NUL byte. Remove it.")
        size += len(name) + len(value.encode("utf-8", "surrogateescape")) + 2
    if size > frames.MAX_ENVIRONMENT:
        raise TooLarge(
            f"environment and command have {size} bytes, the limit is {frames.MAX_ENVIRONMENT}."
            " Unset large variables or put the command into a script."
        )


def real_folder(path: str) -> str:
    """Return the real path of a working directory.

    :raises BadRequest: relative, missing, not a folder, not to be entered, or not UTF-8
    """
    if "\0" in path:
        raise BadRequest("working_directory contains a NUL byte. Remove it.")
    if not os.path.isabs(path):
        raise BadRequest(
            f"working_directory {path!r} is not absolute. Give the full path, such as"
            " /home/me/project."
        )
    if not os.path.exists(path):
        raise BadRequest(f"working_directory {path} does not exist. Create it or name another.")
    if not os.path.isdir(path):
        raise BadRequest(f"working_directory {path} is not a folder. Name the folder it is in.")
    if not os.access(path, os.R_OK | os.X_OK):
        raise BadRequest(f"working_directory {path} cannot be entered. Check its permissions.")
    real = os.path.realpath(path)
    try:
        real.encode()
    except UnicodeEncodeError as error:  # neither the wire nor the store could take it
        raise BadRequest(
            f"working_directory {path} is a link to a name that is not UTF-8. Rename that folder."
        ) from error
    return real
