"""The lock that makes a broker the only one of its data dir.

It lies beside the folder, not in it, so that emptying the folder frees
nothing; and it remembers the highest task id, so that ids are not given out
again when the folder is emptied.
"""

from __future__ import annotations

import fcntl
import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Self

import msgspec

from ..transport import lifeline
from ..transport.errors import BrokerUnavailable

_BYTES = 201
"""One length always, and no more is read: never a torn tail, nor one of something longer."""


class Holder(msgspec.Struct, frozen=True):
    """What the lock file says of whoever holds it, and of the ids given out."""

    pid: int = 0
    start_time: float = 0.0
    highest_id: int = 0


class Lock:
    """An exclusive ``flock``; the kernel frees it when the process ends, however it ends."""

    def __init__(self, descriptor: int, holder: Holder) -> None:
        self._descriptor = descriptor
        self._holder = holder

    @classmethod
    def take(cls, path: Path, patience: float = 0.0) -> Self:
        """Take the lock.

        :param patience: seconds to wait for a holder that may be on its way out
        :raises BrokerUnavailable: a broker holds it; it is asked to look after its folder
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            raise BrokerUnavailable(
                f"cannot open {path}: {error.strerror}. Choose another place with --data-dir."
            ) from error
        holder = _read(descriptor)
        if not _locked(descriptor) and not _nudge_and_wait(descriptor, holder, patience):
            os.close(descriptor)
            raise BrokerUnavailable(
                f"a broker (pid {holder.pid}) already serves this data dir. If its folder was"
                " removed, it ends when its running tasks have ended; try again then."
            )
        highest_id = _read(descriptor).highest_id  # not before: the last holder went on counting
        holder = Holder(os.getpid(), lifeline.start_time(os.getpid()), highest_id)
        lock = cls(descriptor, holder)
        lock._write(holder)
        return lock

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
        text = msgspec.json.encode(holder).ljust(_BYTES - 1) + b"\n"
        os.pwrite(self._descriptor, text, 0)


def _read(descriptor: int) -> Holder:
    try:
        return msgspec.json.decode(os.pread(descriptor, _BYTES, 0), type=Holder)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Holder()


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _nudge_and_wait(descriptor: int, holder: Holder, patience: float) -> bool:
    """Have the holder look after its folder, and take the lock if it leaves in time."""
    _nudge(holder)
    if patience <= 0:
        return False
    before = signal.signal(signal.SIGALRM, _out_of_patience)
    signal.setitimer(signal.ITIMER_REAL, patience)
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


def _nudge(holder: Holder) -> None:
    if holder.pid > 0 and lifeline.start_time(holder.pid) == holder.start_time:
        with suppress(OSError):
            os.kill(holder.pid, signal.SIGHUP)
