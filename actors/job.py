"""What a shim needs to run one task, and what it reports at the end. Pure."""

from __future__ import annotations

from typing import Literal

import msgspec

from ..transport import messages


class Job(msgspec.Struct, frozen=True):
    """One task for a shim. Text that was no UTF-8 is in it by ``surrogateescape``."""

    task_id: int
    command: str
    working_directory: str
    environment: dict[str, str]
    """Complete, and decoded as UTF-8 whatever the locale; the cookie is added by the shim."""
    umask: int
    limits: dict[str, int]
    """Soft limits by name, ``RLIMIT_NOFILE``; -1: infinity; the hard limit is never passed."""
    nice: int
    timeout_seconds: float
    grace_seconds: float
    """Between TERM and KILL."""
    log: str
    """Path of the log; it must not exist."""
    log_header: str
    head_bytes: int
    """So much of the output goes to the log as it comes."""
    tail_bytes: int
    """So much of the rest is kept, the last of it."""
    running_record: str
    exit_record: str
    cookie: str
    """The value of ``SIGNALPOST_TASK`` in the command's environment."""
    stream: str
    """Unix socket of the caller that wants the output live; empty: none."""
    outlives: bool = False
    """Whether the command goes on when the broker dies."""


class Outcome(msgspec.Struct, frozen=True):
    """How a task ended. When there is one, nothing of the task lives any more."""

    reason: Literal["exit", "timeout", "killed", "broker_lost", "shim_lost", "cannot_start"]
    exit_code: int | None = None
    """Of the shell; None when a signal ended it, or when it never ran."""
    signal: int | None = None
    error: str = ""
    """Why it could not start, or what went wrong beside it, as a log on a full disk."""
    ran_seconds: float = 0.0
    """From the start of the command to the end of its shell."""
    leftovers: list[messages.Leftover] = []
    """What a finished command left behind, at most 20."""
    stdout_lines: int = 0
    stderr_lines: int = 0
    peak_rss_mb: float | None = None
    """Of the largest single process."""
    cpu_seconds: float | None = None
    tail: bytes = b""
    """The last 32 KiB of the merged output."""
    output_bytes: int = 0
    cut_bytes: int = 0
    """How much of the output is not in the log."""
    ended_at: float = 0.0
    """Unix time."""


class Running(msgspec.Struct, frozen=True):
    """What a shim has written of itself and its task."""

    task_id: int
    shim: int
    shim_start: int
    boot_id: str
    cookie: str
    outlives: bool = False
    child: int = 0
    """The command's shell; 0: it has not started yet."""
    began: float = 0.0
    """On the monotonic clock, which all processes of one boot share."""
    timeout_seconds: float = 0.0
    grace_seconds: float = 0.0
    log: str = ""


def not_started(error: str) -> Outcome:
    """Return the outcome of a job that never ran."""
    return Outcome(reason="cannot_start", error=error)
