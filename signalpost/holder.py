"""The process between a program in a terminal of its own and whoever looks at that terminal.

    us <── reports ── holder ── waits for ──> the program
                      leads the session       has a group of its own, in the foreground

It is to the program what a shell is to its job. Without it the program would lead the session,
and the kernel suspends no group that has nobody above it in its session (POSIX: orphaned).
It is a fork that starts no other program: no interpreter starts, and most memory is shared.
"""

from __future__ import annotations

import contextlib
import os
import signal
import struct
from collections.abc import Callable
from typing import NoReturn

from . import exit_codes

REPORT = struct.Struct("i")
"""First the program's process id, then what ``waitpid`` says of it, until it has ended."""
_WANTED_TERMINAL = (signal.SIGTTIN, signal.SIGTTOU)


def hold(become: Callable[[], NoReturn], reports: int) -> NoReturn:
    """Start the program by ``become``, report of it, and end with it.

    Called in a fork that leads a session and has its terminal for input.
    """
    try:
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # else only the foreground gives it away
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # it ends the program by itself, and that only
        _watch(_started(become), reports)
    finally:
        os._exit(exit_codes.OK)


def _started(become: Callable[[], NoReturn]) -> int:
    try:
        program = os.fork()
    except OSError as error:
        os.write(2, f"signalpost: {error.strerror}\n".encode())
        os._exit(exit_codes.CANNOT_START)
    if program == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpid())
        become()
    return program


def _watch(program: int, reports: int) -> None:
    with contextlib.suppress(PermissionError):  # it has done so itself, and runs already
        os.setpgid(program, program)  # its group may be signalled from the first report on
    with contextlib.suppress(OSError):  # the terminal may be gone
        if os.tcgetpgrp(0) == os.getpgrp():  # keys are for the program, however slow it begins
            os.tcsetpgrp(0, program)
    signal.signal(signal.SIGHUP, lambda _number, _frame: _hang_up(program))
    _keep_only(reports)
    with contextlib.suppress(BrokenPipeError):  # nobody is there to read it: that is an end, too
        os.write(reports, REPORT.pack(program))
        while True:
            _, status = os.waitpid(program, os.WUNTRACED)
            if os.WIFSTOPPED(status) and os.WSTOPSIG(status) in _WANTED_TERMINAL:
                _give_terminal(program)
            os.write(reports, REPORT.pack(status))
            if not os.WIFSTOPPED(status):
                return


def _give_terminal(program: int) -> None:
    """As a shell's ``fg`` does: what wanted the terminal has it when it goes on."""
    with contextlib.suppress(OSError):  # it may be gone
        os.tcsetpgrp(0, program)


def _hang_up(program: int) -> None:
    """The terminal is gone; the kernel tells that to the leader alone."""
    for number in (signal.SIGHUP, signal.SIGCONT):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(program, number)


def _keep_only(reports: int) -> None:
    """Close what is the program's, or ours: else a person's terminal would stay open with it."""
    os.closerange(3, reports)
    os.closerange(reports + 1, os.sysconf("SC_OPEN_MAX"))
