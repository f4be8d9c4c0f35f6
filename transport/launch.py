"""Starting a broker when none runs: once, whoever and however many ask.

    take <data-dir>.start ── found one? ── yes ──> use it
            │ no
            v
    spawn, handing over the lock (its fd 0) and a pipe (its fd 1)
            │                                   broker: publish, write "ready",
            v                                   let go of both
    read the pipe until its end ── "ready" ──> use it
            │ anything else
            v
    BrokerUnavailable with what it said

The lock's description is shared with the broker, so that it stays taken until
the broker serves or is dead, even if the process that spawned it is killed.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar

from . import endpoint
from .caller import ENV_TASK
from .errors import BrokerUnavailable
from .regular_file import open_regular

READY = b"ready\n"
_waiting: RunVar[anyio.CapacityLimiter] = RunVar("waiting for the start lock")
_KEPT = (
    "HOME", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LOGNAME", "PATH", "PYTHONHOME",
    "PYTHONPATH", "SHELL", "TMPDIR", "TZ", "USER", "VIRTUAL_ENV",
)  # fmt: skip
# Forked once more, so that the broker is nobody's descendant: some clients kill all of theirs.
_DETACH = (
    "import os,sys\nif os.fork(): os._exit(0)\nos.setsid()\nos.execv(sys.argv[1], sys.argv[1:])\n"
)


async def ensure_broker(folder: Path, options: Sequence[str] = ()) -> endpoint.Published:
    """Return the serving broker of ``folder``, starting one if there is none.

    :param options: extra words for ``signalpost broker``
    :raises BrokerUnavailable: it cannot be started; the text says why and what to do
    :raises BadRequest: the data dir is unusable
    """
    found = endpoint.find(folder)
    if found is not None:
        return found
    _refuse_inside_a_task()
    endpoint.prepare(folder)
    lock = _open_private(endpoint.start_lock_path(folder), os.O_RDWR)
    try:
        await anyio.to_thread.run_sync(
            fcntl.flock, lock, fcntl.LOCK_EX, abandon_on_cancel=True, limiter=_one_at_a_time()
        )
        found = endpoint.find(folder)
        return found if found is not None else await _start(folder, options, lock)
    finally:
        os.close(lock)


def _one_at_a_time() -> anyio.CapacityLimiter:
    """Let one of a process wait for the lock in a thread, and leave the others to who holds it.

    Many who wait would take all threads, and none be left to start the broker with.
    """
    try:
        return _waiting.get()
    except LookupError:
        _waiting.set(limiter := anyio.CapacityLimiter(1))
        return limiter


def _open_private(path: Path, flags: int) -> int:
    try:
        return open_regular(path, flags | os.O_CREAT | os.O_NOFOLLOW)
    except OSError as error:
        raise BrokerUnavailable(
            f"cannot open {path}: {error.strerror}. See to it, or choose another place with"
            " --data-dir."
        ) from error


def _refuse_inside_a_task() -> None:
    if os.environ.get(ENV_TASK):
        raise BrokerUnavailable(
            "no broker serves this data dir, and one started from inside a task would die with it."
            " Start it outside: signalpost broker"
        )


async def _start(folder: Path, options: Sequence[str], lock: int) -> endpoint.Published:
    said = await anyio.to_thread.run_sync(_spawn, folder, options, lock, abandon_on_cancel=True)
    found = endpoint.find(folder)
    if found is not None:
        return found
    reason = said.decode(errors="replace").strip()
    if not reason:
        reason = f"it ended without a word. See {endpoint.log_path(folder)}"
    raise BrokerUnavailable(f"the broker did not start: {reason}")


def _spawn(folder: Path, options: Sequence[str], lock: int) -> bytes:
    """Start the broker and return what it says until it serves or ends."""
    words = [sys.executable, "-P", "-m", "signalpost", "broker", "--auto"]
    words += ["--data-dir", str(folder), *options]
    reader, writer = os.pipe()
    log = _open_private(endpoint.log_path(folder), os.O_WRONLY | os.O_APPEND)
    with os.fdopen(reader, "rb") as pipe:
        try:
            subprocess.run(
                [sys.executable, "-I", "-S", "-c", _DETACH, *words],
                stdin=lock,
                stdout=writer,
                stderr=log,
                cwd="/",
                env={name: os.environ[name] for name in _KEPT if name in os.environ},
                check=False,
            )
        finally:
            os.close(writer)
            os.close(log)
        return pipe.read()
