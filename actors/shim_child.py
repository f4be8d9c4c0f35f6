"""The command's own process: ``/bin/sh -c`` as the job says.

Made at its start by ``posix_spawn``, which does not copy this process: forking an
interpreter costs milliseconds in page faults on both sides. So the shim takes
on what the command shall inherit, its directory, umask, limits and rank for
the out-of-memory killer, spawns, and goes back to its own. Where there is time
before the start, a copy of the shim becomes the command, see ``shim_hold``.

Standard library only: this module runs inside the shim.
"""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from typing import NoReturn, TypedDict

SHELL = "/bin/sh"
COOKIE = "SIGNALPOST_TASK"

_OOM_RANK = "/proc/self/oom_score_adj"
_FIRST_TO_GO = 500
"""Above everybody's default: when memory ends, the command goes before the broker."""

_MIN_FILES = 32
"""Below this ``posix_spawn`` would refuse the descriptors that it is to pass on."""

_RESOURCES: dict[str, int] = {
    name: number for name, number in vars(resource).items() if name.startswith("RLIMIT_")
}
_CAUGHT = [
    number for number in signal.valid_signals() if number not in {signal.SIGKILL, signal.SIGSTOP}
]


class JobFields(TypedDict):
    """The fields of :class:`actors.job.Job` as they arrive, see there."""

    task_id: int
    command: str
    working_directory: str
    environment: dict[str, str]
    umask: int
    limits: dict[str, int]
    nice: int
    timeout_seconds: float
    grace_seconds: float
    log: str
    log_header: str
    head_bytes: int
    tail_bytes: int
    running_record: str
    exit_record: str
    cookie: str
    stream: str
    outlives: bool


class Command:
    """A job's command, made ready so that little is left to do at its start.

    :raises ValueError: command or environment hold what no process can be given
    """

    def __init__(self, job: JobFields) -> None:
        self._words = [b"sh", b"-c", _encode(job["command"])]
        self.directory = _encode(job["working_directory"])
        self._environment = _environment(job)
        self._umask = job["umask"]
        self._limits = _changes(job["limits"])
        self._nice = job["nice"]
        self._rank = _read_rank()

    def spawn(self, stdout: int, stderr: int) -> int:
        """Start it in a session of its own and return its pid.

        Its output goes to the two descriptors, its input is empty.

        :raises OSError: it cannot be started
        :raises ValueError: command or environment hold what no process can be given
        """
        null = os.open(os.devnull, os.O_RDONLY)
        with ExitStack() as borrowed:
            borrowed.callback(os.close, null)
            self._take_on(borrowed)
            pid = os.posix_spawn(
                SHELL,
                self._words,
                self._environment,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, fd, to) for to, fd in enumerate((null, stdout, stderr))
                ],
                setsid=True,
                setsigmask=[],
                setsigdef=_CAUGHT,
            )
        _lower_priority(pid, self._nice)
        return pid

    def become(self, stdout: int, stderr: int) -> NoReturn:
        """Turn this process, which is a copy of the shim, into it.

        :raises OSError: it cannot be started
        :raises ValueError: command or environment hold what no process can be given
        """
        os.setsid()
        null = os.open(os.devnull, os.O_RDONLY)
        for to, fd in enumerate((null, stdout, stderr)):
            os.dup2(fd, to)
        for number in _CAUGHT:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        _lower_priority(os.getpid(), self._nice)
        with ExitStack() as taken:
            self._take_on(taken)
            os.execve(SHELL, self._words, self._environment)  # noqa: S606 - it is the shell

    def _take_on(self, borrowed: ExitStack) -> None:
        """Have this process be as the command shall be, until ``borrowed`` ends."""
        borrowed.enter_context(_ranked(self._rank))
        borrowed.enter_context(_inside(self.directory))
        borrowed.enter_context(_masked(self._umask))
        borrowed.enter_context(_limited(self._limits))


def describe(error: Exception) -> str:
    """Return what went wrong in the words of the system, and with what."""
    if isinstance(error, OSError) and error.strerror:
        name = os.fsdecode(error.filename) if error.filename else ""
        return f"{error.strerror}: {name}" if name else error.strerror
    return str(error)


def printable(text: str) -> str:
    """Return ``text`` with bytes that are no UTF-8 spelled out."""
    return text.encode(errors="backslashreplace").decode()


def _encode(text: str) -> bytes:
    # Not os.fsencode: broker and shim might disagree about the locale.
    return text.encode("utf-8", "surrogateescape")


def _environment(job: JobFields) -> dict[bytes, bytes]:
    environment = {_encode(name): _encode(value) for name, value in job["environment"].items()}
    environment[COOKIE.encode()] = job["cookie"].encode()
    return environment


@contextmanager
def _inside(path: bytes) -> Generator[None, None, None]:
    os.chdir(path)
    try:
        yield
    finally:
        os.chdir("/")


@contextmanager
def _masked(umask: int) -> Generator[None, None, None]:
    before = os.umask(umask)
    try:
        yield
    finally:
        os.umask(before)


def _changes(soft: Mapping[str, int]) -> dict[int, tuple[int, int]]:
    """Return the limits that are to be others than ours."""
    numbers = {_RESOURCES[name]: limit for name, limit in soft.items() if name in _RESOURCES}
    if 0 <= numbers.get(resource.RLIMIT_NOFILE, -1) < _MIN_FILES:
        numbers[resource.RLIMIT_NOFILE] = _MIN_FILES
    ours = {number: resource.getrlimit(number) for number in numbers}
    wanted = {n: (_within(limit, ours[n][1]), ours[n][1]) for n, limit in numbers.items()}
    return {number: limits for number, limits in wanted.items() if limits != ours[number]}


@contextmanager
def _limited(limits: Mapping[int, tuple[int, int]]) -> Generator[None, None, None]:
    before = {number: resource.getrlimit(number) for number in limits}
    try:
        for number, wanted in limits.items():
            resource.setrlimit(number, wanted)
        yield
    finally:
        for number, ours in before.items():
            resource.setrlimit(number, ours)


def _within(soft: int, hard: int) -> int:
    """Return the soft limit that is asked for, -1: none, as far as ``hard`` allows."""
    asked = resource.RLIM_INFINITY if soft == -1 else soft
    finite = [limit for limit in (asked, hard) if limit != resource.RLIM_INFINITY]
    return min(finite, default=resource.RLIM_INFINITY)


@contextmanager
def _ranked(before: int) -> Generator[None, None, None]:
    """Stand before others for the out-of-memory killer, where there is one and it lets us."""
    _write_rank(before, _FIRST_TO_GO)
    try:
        yield
    finally:
        _write_rank(before, before)


def _read_rank() -> int:
    try:
        with open(_OOM_RANK, "rb", buffering=0) as file:
            return int(file.read())
    except OSError:
        return _FIRST_TO_GO


def _write_rank(before: int, score: int) -> None:
    if before >= _FIRST_TO_GO:
        return
    try:
        with open(_OOM_RANK, "wb", buffering=0) as file:
            file.write(b"%d" % score)
    except OSError:
        return


def _lower_priority(pid: int, nice: int) -> None:
    # After the spawn: what we took on ourselves here could not be undone.
    try:
        os.setpriority(os.PRIO_PGRP, pid, nice)
    except (PermissionError, ProcessLookupError):
        # The caller may go lower than the broker may, or the command is done already.
        return
