"""What a broker that cannot start, or cannot go on, says of it in one line."""

from __future__ import annotations

import errno
import logging
import os
import sqlite3
from pathlib import Path
from typing import cast

from ..transport import endpoint
from ..transport.errors import SignalpostError

logger = logging.getLogger(__name__)

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_LITTLE = 64 * 1024
"""SQLite says ``disk I/O error`` where there is no room for the files beside the store."""


def words(error: Exception, data_dir: Path) -> str:
    """Return what is wrong and what to do; the log gets the rest of what was not foreseen."""
    cause = _only_one(error)
    if isinstance(cause, SignalpostError):
        return str(cause)
    if is_full(cause, data_dir):
        return full(cause, data_dir)
    logger.error("the broker cannot go on", exc_info=error)
    text = " ".join(f"{type(cause).__name__}: {cause}".split())
    return f"{text}. See {endpoint.log_path(data_dir)}, or run: signalpost doctor"


def is_full(error: Exception, folder: Path) -> bool:
    """Tell whether something failed since the disk of ``folder`` is full."""
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        return code == sqlite3.SQLITE_FULL or (code in _IN_DISGUISE and _has_no_room(folder))
    return isinstance(error, OSError) and error.errno in _NO_ROOM


_IN_DISGUISE = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)


def full(error: Exception, folder: Path) -> str:
    """Return the text for a full disk."""
    return f"the disk of {folder} is full ({error}). Free space there, then try again."


def _has_no_room(folder: Path) -> bool:
    try:
        space = os.statvfs(folder)
    except OSError:
        return False
    return space.f_bavail * space.f_frsize < _LITTLE


def _only_one(error: Exception) -> Exception:
    """Unpack what task groups wrap, even when it is alone."""
    while isinstance(error, ExceptionGroup):
        error = cast("ExceptionGroup[Exception]", error).exceptions[0]
    return error
