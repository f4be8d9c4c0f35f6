"""Why a command cannot start, in the words of the system, and what to do about it.

Standard library only: this module runs inside the shim.
"""

from __future__ import annotations

import errno
import os
import resource
import struct
from collections.abc import Mapping

from .shim_child import SHELL, JobFields, describe

_LONGEST = 32 * resource.getpagesize()
"""Linux: so many bytes may one argument or variable have, its end and its name included."""

_MOST = 6 * 1024 * 1024
"""Linux: so many bytes may they have together, however large the stack."""

_OF_PROCESS = {
    errno.EAGAIN: "This user has as many processes as are allowed: end some, or raise ulimit -u.",
    errno.ENOMEM: "There is no memory for another process: try again when others have ended.",
}
_OF_SHELL = _OF_PROCESS | {
    errno.ENOENT: "The shell is missing: install one there, or link it to another.",
    errno.EACCES: "This user may not execute the shell: check its permissions.",
}
_OF_FOLDER = {
    errno.ENOENT: "The working directory is gone: create it or name another.",
    errno.ENOTDIR: "The working directory is not a folder: name the folder it is in.",
    errno.EACCES: "The working directory cannot be entered: check its permissions.",
}
_OF_ANYTHING = {
    errno.EMFILE: "Too many files are open: try again when other tasks have ended.",
    errno.ENFILE: "This machine has too many open files: try again when others have ended.",
}


def reason(error: Exception, job: JobFields) -> str:
    """Return why ``job`` could not start."""
    text = describe(error)
    if not isinstance(error, OSError):
        return text
    if error.errno == errno.E2BIG:
        return f"{text}. {_too_big(job)}"
    name = os.fsdecode(error.filename) if error.filename else ""
    remedies = _OF_SHELL if name == SHELL else _OF_FOLDER if name else {}
    remedy = (remedies | _OF_ANYTHING).get(error.errno or 0, "")
    return f"{text}. {remedy}" if remedy else text


def without_shim(error: OSError) -> str:
    """Return why no shim could be had for a job."""
    last = "If that lasts, restart the broker: signalpost stop"
    remedy = (_OF_PROCESS | _OF_ANYTHING).get(error.errno or 0, last)
    return f"{describe(error)}. {remedy}"


def _too_big(job: JobFields) -> str:
    sizes = {f"variable {name}": _size(name, value) for name, value in job["environment"].items()}
    sizes["command"] = _size(job["command"])
    what, most = max(sizes.items(), key=lambda item: item[1])
    found = (
        f"The {what} has {most} bytes"
        if most > _LONGEST
        else f"The command and the environment have {_with_pointers(sizes)} bytes together"
    )
    return (
        f"{found}; one argument or variable may have {_LONGEST}, all together {_together(job)}."
        " Put what is large into a file and pass its name."
    )


def _size(*parts: str) -> int:
    """Return the bytes that ``name=value`` or an argument takes, its end included."""
    return sum(len(part.encode("utf-8", "surrogateescape")) + 1 for part in parts)


def _with_pointers(sizes: Mapping[str, int]) -> int:
    return sum(sizes.values()) + len(sizes) * struct.calcsize("P")


def _together(job: JobFields) -> int:
    # A quarter of the stack; what the caller's own limit leaves may be less than ours.
    stack = job["limits"].get("RLIMIT_STACK", -1)
    most = min(os.sysconf("SC_ARG_MAX"), _MOST)
    return most if stack < 0 else min(most, max(stack // 4, _LONGEST))
