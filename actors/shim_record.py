"""Records that outlive their writer, and the marks that tell one process from another.

Standard library only: this module also runs inside the shim.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping


def write(path: str, fields: Mapping[str, object]) -> None:
    """Replace the file at ``path`` by one JSON object, whole or not at all.

    Not synced to disk: a record matters only as long as this boot lasts.

    :raises OSError: it could not be written; an older record is untouched
    """
    beside = f"{path}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    try:
        fd = os.open(beside, flags, 0o600)
        try:
            _write_all(fd, json.dumps(fields).encode())
        finally:
            os.close(fd)
        os.rename(beside, path)
    except OSError:
        _discard(beside)
        raise


def create(path: str, fields: Mapping[str, object]) -> None:
    """Write one JSON object to a file that must not exist: only one of several succeeds.

    :raises FileExistsError: there is one
    :raises OSError: it could not be written; there is none
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    fd = os.open(path, flags, 0o600)
    try:
        _write_all(fd, json.dumps(fields).encode())
    except OSError:
        _discard(path)
        raise
    finally:
        os.close(fd)


class Draft:
    """A record that is written already and lacks nothing but its name: giving it that is quick."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def publish(self, path: str) -> bool:
        """Have it at ``path``; False: there is one, or that is not possible here."""
        try:
            # With a descriptor of a folder, which an absolute path does not need, Python calls
            # linkat(2), and that follows the link in /proc.
            link = f"/proc/self/fd/{self._fd}"
            os.link(link, path, src_dir_fd=self._fd, follow_symlinks=True)
        except OSError:
            return False
        finally:
            os.close(self._fd)
        return True


def draft(path: str, fields: Mapping[str, object]) -> Draft | None:
    """Write what shall once be at ``path``, where nobody sees it; None: that is not possible here."""
    if sys.platform != "linux":
        return None
    try:
        fd = os.open(os.path.dirname(path), os.O_WRONLY | os.O_TMPFILE, 0o600)
    except OSError:
        return None  # not every file system has that
    try:
        _write_all(fd, json.dumps(fields).encode())
    except OSError:
        os.close(fd)
        return None
    return Draft(fd)


def this_shim() -> dict[str, object]:
    """Return what a record tells of the process that writes it."""
    pid = os.getpid()
    return {"shim": pid, "shim_start": start_time(pid), "boot_id": boot_id()}


def start_time(pid: int) -> int:
    """Return when a process started, in clock ticks since boot; 0: gone, or not to be known.

    Together with :func:`boot_id` it tells a process from a later one of the same number.
    """
    try:
        return int(_read(f"/proc/{pid}/stat").rpartition(b")")[2].split()[19])
    except OSError:
        return 0


def boot_id() -> str:
    """Return the name of this boot of the machine, or nothing where there is none."""
    try:
        return _read("/proc/sys/kernel/random/boot_id").decode().strip()
    except OSError:
        return ""


def _read(path: str) -> bytes:
    # Not open(): its layers cost more than everything else that is done here.
    fd = os.open(path, os.O_RDONLY)
    try:
        return os.read(fd, 4096)
    finally:
        os.close(fd)


def _write_all(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


def _discard(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
