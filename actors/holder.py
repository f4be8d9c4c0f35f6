"""Who holds the lock of a data dir, also where the lock file was removed.

The lock file names its holder. Removing the file frees nothing: the holder
keeps the lock on what has no name any more, and on Linux whoever looks for it
finds it there, among the open files of that process.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import anyio
import msgspec

from ..transport import lifeline
from ..transport.process import start_time
from ..transport.regular_file import open_regular

BYTES = 201
"""One length always, and no more is read: never a torn tail, nor one of something longer."""


class Holder(msgspec.Struct, frozen=True):
    """What the lock file says of whoever holds it, and of the ids given out."""

    pid: int = 0
    start_time: float = 0.0
    highest_id: int = 0

    def lives(self) -> bool:
        """Tell whether that very process is there; one in another PID namespace is not seen."""
        is_it = self.pid > 0 and start_time(self.pid) == self.start_time
        return is_it and not _only_waits_to_be_reaped(self.pid)

    def tell(self, number: int) -> None:
        """Send it a signal; one that is gone or not ours is passed over."""
        if self.lives():
            with suppress(OSError):
                os.kill(self.pid, number)

    def nudge(self) -> None:
        """Have it look after its files: it puts back what is missing, or makes room."""
        self.tell(signal.SIGHUP)

    def gone_within(self, seconds: float) -> bool:
        """Wait for its end, at most so long; tell whether it has ended."""
        return anyio.run(self._gone_within, seconds)

    async def _gone_within(self, seconds: float) -> bool:
        gone = anyio.Event()
        line = lifeline.Lifeline(self.pid, gone.set)
        if not self.lives():  # asked later than the lifeline was taken: no other can be meant
            gone.set()
        with anyio.move_on_after(seconds):
            await gone.wait()
        line.close()
        return gone.is_set()


def read(descriptor: int) -> Holder:
    """Return what an open lock file says; nobody, where it says nothing that makes sense."""
    try:
        return msgspec.json.decode(os.pread(descriptor, BYTES, 0), type=Holder)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Holder()


def living(path: Path) -> Holder | None:
    """Return who holds the lock at ``path`` and lives, as far as can be seen from here."""
    for descriptor in (_opened(path), open_removed(path)):
        if descriptor is None:
            continue
        try:
            holder = read(descriptor)
        finally:
            os.close(descriptor)
        if holder.lives():
            return holder
    return None


def open_removed(path: Path) -> int | None:
    """Open the locked file that ``path`` led to before it was removed; None: there is none.

    Only Linux tells, and only of processes of this user and PID namespace.
    """
    wanted = f"{os.path.realpath(path.parent)}/{path.name} (deleted)"
    for file in _open_files():
        try:
            if os.readlink(file) != wanted or not _is_locked(file):
                continue
            return os.open(file, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue  # closed meanwhile
    return None


def _only_waits_to_be_reaped(pid: int) -> bool:
    """Tell whether a process is dead and still there: whoever adopted it takes its time."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False  # gone by now, or a system without /proc
    return status.rpartition(")")[2].split()[0] in "ZX"


def _opened(path: Path) -> int | None:
    try:
        return open_regular(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return None


def _open_files() -> Iterator[str]:
    """Yield the open files of all processes, as paths below /proc."""
    if not os.path.isdir("/proc/self/fd"):
        return
    for process in os.listdir("/proc"):
        folder = f"/proc/{process}/fd"
        try:
            names = os.listdir(folder) if process.isdecimal() else []
        except OSError:
            continue  # another user's, or gone
        yield from (f"{folder}/{name}" for name in names)


def _is_locked(file: str) -> bool:
    return b"FLOCK" in Path(file.replace("/fd/", "/fdinfo/")).read_bytes()
