"""Pages of memory that a forked shim shares with the zygote, made its own in advance.

The first write to a shared page costs some microseconds, and running a task
writes to more than a hundred: a good part of a millisecond between two tasks,
which a spare has to spare. Making all its own takes some milliseconds, so it is
done in small steps, and left as soon as there is something to do.

Standard library only: this module runs inside the shim.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Generator

_MADV_POPULATE_WRITE = 23
"""Since Linux 5.14; an older kernel answers EINVAL, and pages are copied when needed."""

_STEP = 256 * 1024


def unshare() -> Generator[None, None, None]:
    """Copy every private page that can be written, some of them at each step.

    Does nothing where the kernel cannot.
    """
    if sys.platform != "linux":
        return
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    for start, end in _writable():
        for at in range(start, end, _STEP):
            madvise(at, min(_STEP, end - at), _MADV_POPULATE_WRITE)
            yield


def _writable() -> list[tuple[int, int]]:
    regions: list[tuple[int, int]] = []
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:
        for line in file:
            span, modes, *_ = line.split(None, 5)
            # Not the stack: its mapping is larger than what is used of it.
            if modes == "rw-p" and "[stack]" not in line:
                start, _, end = span.partition("-")
                regions.append((int(start, 16), int(end, 16)))
    return regions
