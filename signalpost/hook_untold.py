"""Sessions that began before anybody knew their agent: who it is, they are told later, once.

    session-start finds nobody ──> noted ──prompt or tools finds the agent──> struck, and told

One small file per data dir, the newest session last.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from .transport import endpoint
from .transport.regular_file import open_regular

_MOST = 32
"""So many sessions are kept, which is more than begin at one time."""
_LENGTH = 64
"""Of a mark. Clients' ids are UUIDs, or as long as one."""


def note(folder: Path, session: str) -> None:
    """Keep that a session is to be told.

    :raises OSError: it cannot be kept, or another hook is at it just now
    :raises BadRequest: the folder cannot be made, or could have been prepared by others
    """
    endpoint.prepare(folder)  # it may be the first session of all
    endpoint.make_private(folder / "hooks")
    with _taken(folder, os.O_CREAT) as file:
        mark = _mark(session)
        _write(file, [*(other for other in _read(file) if other != mark), mark])


def strike(folder: Path, session: str) -> bool:
    """Tell whether a session is to be told, and take that back: it is told now."""
    try:
        with _taken(folder) as file:
            marks, mark = _read(file), _mark(session)
            if mark in marks:
                _write(file, [other for other in marks if other != mark])
            return mark in marks
    except OSError:
        return False  # nobody has been noted, or that cannot be read


@contextmanager
def _taken(folder: Path, creation: int = 0) -> Generator[int]:
    flags = os.O_RDWR | os.O_NOFOLLOW | creation
    descriptor = open_regular(folder / "hooks" / "untold", flags)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield descriptor
    finally:
        os.close(descriptor)


def _read(file: int) -> list[str]:
    record = os.pread(file, _MOST * (_LENGTH + 1), 0)
    return record.decode("ascii", "replace").split()


def _write(file: int, marks: list[str]) -> None:
    record = "".join(f"{mark}\n" for mark in marks[-_MOST:]).encode()
    os.ftruncate(file, os.pwrite(file, record, 0))


def _mark(session: str) -> str:
    # Harmless in a file whatever the client's id is made of.
    return session.encode("utf-8", "replace").hex()[-_LENGTH:]
