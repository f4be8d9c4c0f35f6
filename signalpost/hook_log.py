"""``hook.log`` in the data dir: one line for every hook that could not do its work.

A hook that fails says nothing to its client. Nothing of a client's input and of
a message is written here, and the file stays small.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

MAX_LOG = 64 * 1024
_MAX_LINE = 300


def log_path(folder: Path) -> Path:
    """Return the log of the hooks of a data dir."""
    return folder / "hook.log"


def note(folder: Path, who: str, what: str) -> None:
    """Append a line; where the folder is missing or cannot be written, nothing happens."""
    line = f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {who}: {what}"
    shown = "".join(c if c.isprintable() else " " for c in line)[:_MAX_LINE]
    path = log_path(folder)
    try:
        if path.exists() and path.stat().st_size > MAX_LOG:
            path.replace(path.with_name("hook.log.1"))
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
        descriptor = os.open(path, flags, 0o600)
    except OSError:
        return  # there is no other place to tell it
    try:
        os.write(descriptor, shown.encode("utf-8", "replace") + b"\n")
    except OSError:
        return  # as above
    finally:
        os.close(descriptor)
