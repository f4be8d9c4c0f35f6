"""Regular files that are opened by their path. Whatever else may lie there is never waited for.

A named pipe holds up whoever opens it until somebody does so at its other end, a device may give
bytes without end, and a file of gigabytes takes the memory of whoever reads it whole.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

KIB = 1 << 10
MIB = 1 << 20
_AT_ONCE = os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def open_regular(path: str | Path, flags: int = os.O_RDONLY) -> int:
    """Return a descriptor of a regular file, at once; one that is made is this user's alone.

    :param flags: those of ``os.open``; ``O_NOFOLLOW`` refuses a link
    :raises OSError: it cannot be opened, or is none; ``strerror`` says what it is
    """
    try:
        descriptor = os.open(path, flags | _AT_ONCE, 0o600)
    except OSError as error:
        if error.errno in (errno.ENXIO, errno.EISDIR, errno.EOPNOTSUPP):
            _refuse_others(os.lstat(path) if flags & os.O_NOFOLLOW else os.stat(path), path)
        raise
    try:
        _refuse_others(os.fstat(descriptor), path)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def read_regular(path: str | Path, most: int, flags: int = 0) -> bytes:
    """Return what is in a regular file.

    :param most: bytes that it may have
    :param flags: more of those of ``os.open``
    :raises OSError: it cannot be read, or is none, or is larger; ``strerror`` says which
    """
    with open(open_regular(path, os.O_RDONLY | flags), "rb") as file:
        return read_within(file, most)


def read_within(file: BinaryIO, most: int) -> bytes:
    """Return what is in an open file, if that is no more than ``most`` bytes.

    :raises OSError: it cannot be read, or is larger
    """
    content = file.read(most + 1)
    if len(content) > most:
        size = f"{most // MIB} MiB" if most >= MIB else f"{most // KIB} KiB"
        raise OSError(errno.EFBIG, f"it is larger than {size}")
    return content


def _refuse_others(found: os.stat_result, path: str | Path) -> None:
    kind = next((words for is_one, words in _KINDS if is_one(found.st_mode)), "")
    if kind:
        raise OSError(errno.EINVAL, f"it is {kind}, not a file", str(path))
