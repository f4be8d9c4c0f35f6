"""What the words after ``signalpost`` mean. Pure.

signalpost "make && make test"      one word: the shell reads it as it stands
signalpost run -- make "a file"     several words: each stays one word
signalpost make test                the same, `run` left out
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence

from .transport.errors import BadRequest

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def shell_command(words: Sequence[str]) -> str:
    """Return the shell command that ``words`` ask for.

    :raises BadRequest: there is none, or it holds a NUL
    """
    command = words[0] if len(words) == 1 else shlex.join(words)
    if not words or not command.strip():
        raise BadRequest('the command is empty. Write it after `run`: signalpost run "make test"')
    if "\0" in command:
        raise BadRequest("the command holds a NUL character. Leave it out.")
    return command


def starts_command(word: str, find: Callable[[str], str | None]) -> bool:
    """Tell whether ``word`` begins a command to run.

    :param find: looks an executable up on PATH, as :func:`shutil.which`
    """
    return "/" in word or " " in word or find(word) is not None


def variable(text: str) -> tuple[str, str]:
    """Split ``NAME=VALUE``.

    :raises BadRequest: it is none, or the value holds a NUL
    """
    name, equals, value = text.partition("=")
    if not equals or not _NAME.match(name):
        raise BadRequest(f"{text!r} is no variable. Write NAME=VALUE, as in -e CI=1")
    if "\0" in value:
        raise BadRequest(f"the value of {name} holds a NUL character. Leave it out.")
    return name, value
