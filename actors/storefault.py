"""What an error of SQLite means for those who wait, and whether it passes."""

from __future__ import annotations

import errno
import sqlite3

from ..transport.errors import StoreFull

_PASSING = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY)


def passes(error: Exception) -> bool:
    """Tell whether the same may succeed later: no room, or somebody else holds the file."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _PASSING


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
