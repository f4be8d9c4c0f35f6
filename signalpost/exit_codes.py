"""The exit code of ``signalpost run`` and of every refusal. Pure; the codes are stable.

:data:`TABLE` is the one place: ``signalpost run --help`` shows it.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Final

from .transport.errors import BrokerUnavailable, SignalpostError

if TYPE_CHECKING:
    from .transport.messages import TaskReport

OK: Final = 0
WRONG: Final = 1
REFUSED: Final = 2
NOTHING: Final = 3  # of `signalpost wait`
UNAVAILABLE: Final = 69  # EX_UNAVAILABLE of sysexits.h
TIMEOUT: Final = 124  # as coreutils' timeout
LOST: Final = 125
CANNOT_START: Final = 126
NOT_FOUND: Final = 127
INTERRUPTED: Final = 128 + signal.SIGINT
BROKEN_PIPE: Final = 128 + signal.SIGPIPE

TABLE: Final = (
    ("N", "the command's own exit code"),
    (str(REFUSED), "refused before it ran: a bad request, a full queue, a wrong option"),
    (str(UNAVAILABLE), "no broker could be reached or started"),
    (str(TIMEOUT), "killed at its time limit"),
    (str(LOST), "lost: the broker stopped, the command was killed; or left by a second Ctrl-C"),
    (str(CANNOT_START), "the command could not be started"),
    (str(NOT_FOUND), "the command or its shell was not found"),
    ("128+N", "ended by signal N"),
    ("129 130 143", "this program got SIGHUP, SIGINT (Ctrl-C), SIGTERM; nothing of it lives"),
    (str(INTERRUPTED), "also: somebody else cancelled the task"),
    (str(BROKEN_PIPE), "nobody reads the output any more (as in `| head -1`)"),
)


def of_report(report: TaskReport) -> int:
    """Return the code that tells a task's end to a shell."""
    match report.state:
        case "success":
            return OK
        case "failed":
            return _of_failure(report)
        case "timeout":
            return TIMEOUT
        case "cancelled":
            return INTERRUPTED
        case "lost" | "waiting" | "running":
            return LOST


def of_error(error: SignalpostError) -> int:
    """Return the code of a refusal."""
    return UNAVAILABLE if isinstance(error, BrokerUnavailable) else REFUSED


def of_signal(number: int) -> int:
    """Return the code shells give to an end by signal ``number``."""
    return 128 + number


def _of_failure(report: TaskReport) -> int:
    if report.signal is not None:
        return of_signal(report.signal)
    if report.exit_code is not None:
        return report.exit_code
    # the shim's text begins with the system's own words
    return NOT_FOUND if report.reason.startswith("No such file") else CANNOT_START
