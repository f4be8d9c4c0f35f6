"""Waits until a broker serves that somebody else is about to start. Nothing polls."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from time import monotonic

from .file_watch import FileWatch
from .transport import endpoint


def broker_comes(folder: Path, until: float) -> bool:
    """Return whether a broker serves ``folder`` at last; ``until`` is of the monotonic clock.

    :raises BadRequest: the data dir is unusable
    :raises OSError: this user watches too much
    """
    endpoint.prepare(folder)  # it may be the first that ever runs there
    with closing(FileWatch(endpoint.run_dir(folder) / "broker.json")) as watch:
        while endpoint.find(folder) is None:
            left = until - monotonic()
            if left <= 0:
                return False
            watch.wait(left)
    return True
