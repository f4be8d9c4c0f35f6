"""One waiter beside each client: more of them would be processes without a use.

Claude Code starts a waiting hook at the end of every turn and lets the older ones wait on. Any
of them wakes its model; so the first one stays, and the others leave.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from .transport import endpoint
from .transport.errors import BadRequest
from .transport.regular_file import open_regular

_FILE = "waiters"
"""Each waiter has the byte of its client's pid locked: that ends with the process."""


def begin(folder: Path, client: int) -> bool:
    """Wait for the client of a pid from now on; False: another process does.

    Where that cannot be told, it is better to wait twice than not at all.
    """
    place = folder / "hooks"
    try:
        for each in (folder, place):
            endpoint.make_private(each)
        descriptor = open_regular(place / _FILE, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, client)
    except BlockingIOError:
        return False
    except (OSError, BadRequest):
        return True
    return True
