"""A command's process, made in advance and held before its first instruction. Linux only.

    forked ──seized──> may go on ──execve──> held ──release──> runs
      │                                        │
      └── its shim dies: it ends by itself     └── discard, or its shim dies: killed

Forking and executing a shell takes the better part of a millisecond, which two
turns that follow each other would both feel. So it is done while the turn
before lasts, and all that is left for the start is one system call. Until then
nothing of the command runs: the kernel stops the process at the end of its
``execve``, as it does for a debugger, and kills it if its shim dies, whatever of.
A signal that reaches it before, as ``pkill -f`` in another task sends it, is not
meant for the command: another process is made for that.

Where that is not allowed nothing is held, and the command is spawned at its start.

Standard library only: this module runs inside the shim.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import NoReturn

from .shim_child import Command

_DETACH = 17
_PEEK_SIGNALS = 0x4209
_SEIZE = 0x4206
_STOP_AT_EXEC = 0x10
_DIE_WITH_TRACER = 0x100000
_TO_PROCESS = 1
_SIGINFO_BYTES = 128
_HELD = signal.SIGTRAP | 4 << 8
"""How a process that has stopped at its ``execve`` is told from one that stopped otherwise."""


class Held:
    """One such process. One of :meth:`release` and :meth:`discard` has to follow."""

    def __init__(self, pid: int, folder: tuple[int, int]) -> None:
        self.pid = pid
        self._folder = folder

    def release(self, command: Command) -> bool:
        """Let it run; False: it cannot be had any more, and nothing of it has run."""
        # The folder may have been removed and made again since.
        same = _folder(command) == self._folder and not _signalled(self.pid)
        if same and _ptrace(_DETACH, self.pid):
            return True
        self.discard()
        return False

    def discard(self) -> None:
        """Kill it; nothing of it has run."""
        os.kill(self.pid, signal.SIGKILL)  # not reaped before, so it is still this process
        os.waitpid(self.pid, 0)


def hold(command: Command, stdout: int, stderr: int) -> Held | None:
    """Return the process of ``command``, which writes to the two descriptors; None: no way.

    Whatever hinders it is told by :meth:`Command.spawn`.
    """
    folder = _folder(command)
    if sys.platform != "linux" or folder is None:
        return None
    leave, guard = os.pipe()
    try:
        pid = os.fork()
    except OSError:
        os.close(leave)
        os.close(guard)
        return None
    if pid == 0:
        _become(command, leave, guard, (stdout, stderr))
    os.close(leave)
    # From here on it dies with this process; until here, by the end of the pipe.
    seized = _ptrace(_SEIZE, pid, _DIE_WITH_TRACER | _STOP_AT_EXEC)
    if seized:
        os.write(guard, b"g")
    os.close(guard)
    _, status = os.waitpid(pid, 0)
    return Held(pid, folder) if os.WIFSTOPPED(status) and _stopped(pid, status) else None


def released(held: Held | None, command: Command) -> int:
    """Let what is held run, if it is there, and return its pid; 0: nothing of it has run."""
    return held.pid if held is not None and held.release(command) else 0


def _stopped(pid: int, status: int) -> bool:
    if status >> 8 == _HELD:
        return True
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return False


def _become(command: Command, leave: int, guard: int, outputs: tuple[int, int]) -> NoReturn:
    try:
        os.close(guard)
        if os.read(leave, 1):
            command.become(*outputs)
    finally:
        os._exit(127)  # a copy of the shim must never go on as one


def _folder(command: Command) -> tuple[int, int] | None:
    try:
        found = os.stat(command.directory)
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


class _Peek(ctypes.Structure):
    _fields_ = (("first", ctypes.c_uint64), ("whose", ctypes.c_uint32), ("most", ctypes.c_int32))


def _signalled(pid: int) -> bool:
    """Tell whether a signal waits for it, which it would get as soon as it runs."""
    found = ctypes.create_string_buffer(_SIGINFO_BYTES)
    peek = _Peek(first=0, whose=_TO_PROCESS, most=1)
    return bool(_call(_PEEK_SIGNALS, pid, ctypes.byref(peek), ctypes.byref(found)) > 0)


def _ptrace(request: int, pid: int, data: int = 0) -> bool:
    return bool(_call(request, pid, None, data) == 0)


_call = ctypes.CDLL(None).ptrace
_call.restype = ctypes.c_long
_call.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
