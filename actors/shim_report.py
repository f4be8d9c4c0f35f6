"""What is known of a running task, and the outcome that is made of it at the end.

Standard library only: this module runs inside the shim.
"""

from __future__ import annotations

import base64
import resource
import sys
import time
from typing import NamedTuple

from . import shim_log, shim_pipes
from .shim_child import JobFields, printable
from .shim_tree import Process

TAIL_BYTES = 32 * 1024
_MAX_LEFTOVERS = 20
_MAXRSS_UNIT = 1024 if sys.platform == "linux" else 1


class Ended(NamedTuple):
    """How it ended. ``status`` is the shell's exit code, a negative signal, or None."""

    reason: str
    status: int | None
    error: str
    ran_seconds: float
    leftovers: list[Process]


class _Lines:
    """Counts lines; a last one without its end counts too."""

    def __init__(self) -> None:
        self.ended = 0
        self._open = False

    def add(self, data: bytes) -> None:
        self.ended += data.count(b"\n")
        self._open = not data.endswith(b"\n")

    @property
    def count(self) -> int:
        return self.ended + self._open


class Report:
    """Log, tail and counts of one task. ``faults`` are troubles that did not stop it."""

    def __init__(self, job: JobFields) -> None:
        self.faults: list[str] = []
        self._log = shim_log.CappedLog(head_bytes=job["head_bytes"], tail_bytes=job["tail_bytes"])
        self._path = job["log"]
        self._tail = shim_log.Ring(TAIL_BYTES)
        self._lines = {shim_pipes.STDOUT: _Lines(), shim_pipes.STDERR: _Lines()}

    def open_log(self, header: str) -> None:
        """Begin the log. What hinders that becomes a part of the outcome."""
        self._log.open(self._path, header.encode("utf-8", "surrogateescape"))

    @property
    def tail(self) -> bytes:
        """The last of the merged output so far."""
        return self._tail.content()

    @property
    def log_size(self) -> int:
        """Bytes in the log file now."""
        return self._log.size

    def add(self, stream: bytes, data: bytes) -> None:
        """Note one piece of output."""
        self._log.write(data)
        self._tail.write(data)
        self._lines[stream].add(data)

    def close(self, ended: Ended) -> dict[str, object]:
        """Finish the log and return the fields of :class:`actors.job.Outcome`."""
        self._log.finish(_summary(ended))
        faults = [ended.error, *self.faults, self._log.error]
        return {
            "reason": ended.reason,
            "exit_code": _exit_code(ended),
            "signal": _signal(ended),
            "error": printable("; ".join(fault for fault in faults if fault)),
            "ran_seconds": ended.ran_seconds,
            "leftovers": [{"name": p.name, "pid": p.pid} for p in ended.leftovers[:_MAX_LEFTOVERS]],
            "tail": base64.b64encode(self.tail).decode(),
            "ended_at": time.time(),
            **self._figures(),
            **_usage(ended),
        }

    def _figures(self) -> dict[str, object]:
        return {
            "stdout_lines": self._lines[shim_pipes.STDOUT].count,
            "stderr_lines": self._lines[shim_pipes.STDERR].count,
            "output_bytes": self._tail.written,
            "cut_bytes": self._log.cut_bytes,
        }


def _exit_code(ended: Ended) -> int | None:
    return ended.status if ended.status is not None and ended.status >= 0 else None


def _signal(ended: Ended) -> int | None:
    return -ended.status if ended.status is not None and ended.status < 0 else None


def _usage(ended: Ended) -> dict[str, object]:
    if ended.status is None:
        return {"peak_rss_mb": None, "cpu_seconds": None}
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "peak_rss_mb": used.ru_maxrss * _MAXRSS_UNIT / 2**20,
        "cpu_seconds": used.ru_utime + used.ru_stime,
    }


def _summary(ended: Ended) -> bytes:
    lines = ["", "--- SUMMARY ---"]
    if (code := _exit_code(ended)) is not None:
        lines.append(f"EXIT CODE: {code}")
    if (number := _signal(ended)) is not None:
        lines.append(f"SIGNAL: {number}")
    if ended.reason != "exit":
        detail = f": {ended.error}" if ended.error else ""
        lines.append(f"REASON: {ended.reason}{detail}")
    lines.append(f"DURATION: {ended.ran_seconds:.1f}s")
    if ended.leftovers:
        names = ", ".join(f"{p.name}({p.pid})" for p in ended.leftovers[:_MAX_LEFTOVERS])
        lines.append(f"KILLED LEFTOVERS: {names}")
    return printable("\n".join(lines) + "\n").encode()
