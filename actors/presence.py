"""Whether clients can find this broker, and whether it is still the one of its data dir.

    lock file gone, store gone        another may take our place: fold
    socket gone, broker.json gone     put back; fold if that cannot be done
    no descriptor left to look with   nothing: the next reason to look will tell

Nothing watches these files. They are looked at when there is a reason to:
a client came, a task was asked for or has ended, or a newcomer who could not
find us sends SIGHUP.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from pathlib import Path

from ..transport import endpoint
from ..transport.door import Door
from ..transport.errors import SignalpostError
from .lock import Lock
from .store import SqliteStore

logger = logging.getLogger(__name__)

REMOVED = "the data dir was removed"
LOCK_REMOVED = "its lock file was removed"


class Presence:
    """The files by which a broker is known. ``fold`` gets the reason why it must end."""

    def __init__(
        self,
        data_dir: Path,
        published: endpoint.Published,
        lock: Lock,
        store: SqliteStore,
        door: Door,
        fold: Callable[[str], None],
    ) -> None:
        self._data_dir = data_dir
        self._published = published
        self._socket = Path(published.endpoint.removeprefix("ipc://"))
        self._lock = lock
        self._store = store
        self._door = door
        self._fold = fold

    def gone(self) -> bool:
        """Tell whether another broker may take our place, and have ours end then."""
        if self._lock.lost():
            self._fold(LOCK_REMOVED)
        elif self._store.vanished():
            self._fold(REMOVED)
        else:
            return False
        return True

    def look(self) -> None:
        """Put back what clients find us by."""
        if self.gone():
            return
        try:
            if self._door.lost:
                self._open_door()
            if endpoint.read_published(self._data_dir) != self._published:
                self._publish()
        except (SignalpostError, OSError) as error:
            if not _is_short_of_descriptors(error):
                self._fold(f"clients cannot find it any more ({error})")

    def _open_door(self) -> None:
        endpoint.make_private(self._socket.parent)
        self._door.reopen()
        logger.warning("%s was removed: it is there again", self._socket)

    def _publish(self) -> None:
        endpoint.make_private(endpoint.run_dir(self._data_dir))
        endpoint.publish(self._data_dir, self._published)
        logger.warning("broker.json was removed or changed: it is there again")


def _is_short_of_descriptors(error: Exception) -> bool:
    """Tell whether nothing could be seen: then nothing is known to be gone."""
    cause = error if isinstance(error, OSError) else error.__cause__
    return isinstance(cause, OSError) and cause.errno in (errno.EMFILE, errno.ENFILE)
