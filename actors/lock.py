"""The lock that makes a broker the only one of its data dir.

It lies beside the folder, not in it, so that emptying the folder frees
nothing; and it remembers the highest task id, so that ids are not given out
again when the folder is emptied. Where the lock file itself was removed, who
takes the new one looks for the holder of the old one before it serves.
"""

from __future__ import annotations

import fcntl
import os
import signal
from pathlib import Path
from typing import Self

import msgspec

from ..transport import process
from ..transport.errors import BrokerUnavailable
from ..transport.regular_file import open_regular
from . import holder as holders
from .holder import Holder


class Lock:
    """An exclusive ``flock``; the kernel frees it when the process ends, however it ends."""

    def __init__(self, path: Path, descriptor: int, holder: Holder) -> None:
        self._path = path
        self._descriptor = descriptor
        self._holder = holder

    @classmethod
    def take(cls, path: Path, patience: float = 0.0) -> Self:
        """Take the lock.

        :param patience: seconds to wait for a holder that may be on its way out
        :raises BrokerUnavailable: a broker holds it; it is asked to look after its files
        """
        descriptor = _open(path)
        try:
            _wait(descriptor, patience)
            removed = _count_of_removed(path, descriptor, patience)
        except BrokerUnavailable:
            os.close(descriptor)
            raise
        if _leads_elsewhere(path, descriptor):  # removed while we waited: another one counts
            os.close(descriptor)
            return cls.take(path, patience)
        # Not read before: the last holder went on counting.
        highest_id = max(holders.read(descriptor).highest_id, removed)
        holder = Holder(os.getpid(), process.start_time(os.getpid()), highest_id)
        lock = cls(path, descriptor, holder)
        lock._write(holder)
        return lock

    def lost(self) -> bool:
        """Tell whether the path no longer leads to what is locked here."""
        return _leads_elsewhere(self._path, self._descriptor)

    def skip_to(self, highest_id: int) -> None:
        """Never give out an id up to ``highest_id``."""
        if highest_id > self._holder.highest_id:
            self._write(msgspec.structs.replace(self._holder, highest_id=highest_id))

    def next_id(self) -> int:
        """Return a fresh task id, written down before anybody sees it.

        The page cache outlives any process; after a loss of power the ids of
        tasks that had started are in the store.
        """
        self.skip_to(self._holder.highest_id + 1)
        return self._holder.highest_id

    def _write(self, holder: Holder) -> None:
        self._holder = holder
        text = msgspec.json.encode(holder).ljust(holders.BYTES - 1) + b"\n"
        os.pwrite(self._descriptor, text, 0)


def _open(path: Path) -> int:
    try:
        return open_regular(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)
    except OSError as error:
        raise BrokerUnavailable(
            f"cannot open {path}: {error.strerror}. See to it, or choose another place with"
            " --data-dir."
        ) from error


def _leads_elsewhere(path: Path, descriptor: int) -> bool:
    try:
        return not os.path.samestat(path.lstat(), os.fstat(descriptor))
    except OSError:
        return True


def _count_of_removed(path: Path, descriptor: int, patience: float) -> int:
    """Wait for the holder of a lock file that was removed; return its last id, 0: there is none.

    Only a new file, which names nobody yet, can have had one before it.
    """
    removed = holders.open_removed(path) if not holders.read(descriptor).pid else None
    if removed is None:
        return 0
    try:
        _wait(removed, patience)
        return holders.read(removed).highest_id
    finally:
        os.close(removed)


def _wait(descriptor: int, patience: float) -> None:
    """Lock an open file, having its holder look after its files and waiting for its end.

    :raises BrokerUnavailable: it does not end in time
    """
    if _locked(descriptor):
        return
    holder = holders.read(descriptor)
    holder.nudge()
    if not _locked_within(descriptor, patience):
        raise BrokerUnavailable(
            f"a broker (pid {holder.pid}) already serves this data dir. If files of it were"
            " removed, it puts them back, or ends when its running tasks have ended: try again"
            " then, or run `signalpost stop --force`."
        )


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _locked_within(descriptor: int, seconds: float) -> bool:
    if seconds <= 0:
        return False
    before = signal.signal(signal.SIGALRM, _out_of_patience)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except TimeoutError:
        return False
    else:
        return True
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _out_of_patience(_number: int, _frame: object) -> None:
    raise TimeoutError
