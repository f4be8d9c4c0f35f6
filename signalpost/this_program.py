"""How this program is run by others: from any folder, with any PATH, and still next week."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

from .transport.errors import BadRequest

_CACHES = ("archive-v0", "environments-v2")
"""Folders in the cache of uv, in which `uvx` makes what it runs."""


def this_program(command: str = "") -> tuple[str, ...]:
    """Return the words that run this program; ``command`` gives them for a shell.

    :raises BadRequest: they cannot be told, or will not be there next week
    """
    if command:
        return _given(command)
    here = Path(sys.executable).with_name("signalpost")
    if any(part in _CACHES for part in here.parts):
        raise BadRequest(
            f"this runs from a cache ({here.parent}), which may be emptied. Install it (uv tool"
            " install, pipx, pip), or say how clients are to start it: --command 'uvx --from"
            " WHERE signalpost'."
        )
    found = shutil.which("signalpost")
    if found is not None and (not here.is_file() or Path(found).samefile(here)):
        return (os.path.abspath(found),)
    return (str(here),) if here.is_file() else (sys.executable, "-m", "signalpost")


def _given(command: str) -> tuple[str, ...]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise BadRequest(f"--command {command!r}: {error}.") from error
    found = shutil.which(words[0]) if words else None
    if found is None:
        first = repr(words[0]) if words else "the empty text"
        raise BadRequest(f"--command: {first} is no program on PATH. Give its full path.")
    return (os.path.abspath(found), *words[1:])
