"""What an error of SQLite means for those who wait, and whether it passes."""

from __future__ import annotations

import errno
import sqlite3

from ..transport.errors import StoreFull

_FULL_IN_DISGUISE = sqlite3.SQLITE_IOERR_SHMSIZE
"""The index of the log could not grow."""


def is_full(error: Exception) -> bool:
    """Tell whether there was no room."""
    code = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF == sqlite3.SQLITE_FULL or code == _FULL_IN_DISGUISE


def may_be_on_disk(error: Exception) -> bool:
    """Tell whether a commit that failed may count all the same when the file is opened anew.

    The log holds it whole before its index grows.
    """
    return getattr(error, "sqlite_errorcode", 0) == _FULL_IN_DISGUISE


def passes(error: Exception) -> bool:
    """Tell whether the same may succeed later: no room, or somebody else holds the file."""
    return is_full(error) or getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


def refusal(error: Exception) -> Exception:
    """Return what one asker gets; each gets an exception of its own."""
    if passes(error):
        refused: Exception = StoreFull(
            f"The store cannot be written: {error}. "
            "Free disk space, or close the program that holds queue.db; then try again."
        )
    else:
        refused = OSError(errno.EIO, f"The store has failed: {error}")
    refused.__cause__ = error
    return refused


def no_room() -> sqlite3.Error:
    """Return the error of a commit that is not even tried."""
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    return error
