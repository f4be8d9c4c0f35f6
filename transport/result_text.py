"""How a task stands, in one line, and the end of its output: as agents, people and mail are told. Pure."""

from __future__ import annotations

from .messages import OPEN_STATES, TaskReport
from .safe_text import last_lines, one_line, safe_text

TAIL_BYTES = 8 * 1024
STATUS_BYTES = 16 * 1024
_PATH = 4096
_REASON = 500
_LOST = "broker stopped; the command was killed"


def result_text(report: TaskReport, *, tail_lines: int, asked_lines: int = 0) -> str:
    """Return the result line of a task and the end of its output.

    ``asked_lines`` were asked for and are shown in any state; otherwise
    ``tail_lines`` with a result that is no success.
    """
    first = first_line(report)
    if asked_lines:
        shown = _tail(report, asked_lines, STATUS_BYTES)
    elif report.state != "success":
        shown = _tail(report, tail_lines, TAIL_BYTES)
    else:
        return first
    if shown:
        return f"{first}\n{shown}"
    # Of an open task nothing may have been fetched: say nothing about its output then.
    unknown = report.state in OPEN_STATES and not asked_lines
    return first if unknown or not (asked_lines or tail_lines) else f"{first}\n(no output)"


def first_line(report: TaskReport) -> str:
    """Return the line that tells how a task stands: SUCCESS, FAILED, …, RUNNING."""
    output = f"output={one_line(report.output, _PATH)}"
    line = f"{_outcome(report)} {output}{_leftovers(report)}"
    if report.state in OPEN_STATES:
        line += (
            " — still going; do not run it again;"
            f" call task_status(task_id={report.task_id}), it waits."
        )
    return line


def _outcome(report: TaskReport) -> str:
    match report.state:
        case "success":
            return f"SUCCESS exit={report.exit_code or 0} {_seconds(report.ran_seconds)}"
        case "failed":
            return _failed(report)
        case "timeout":
            return f"TIMEOUT killed after {_limit(report.timeout_seconds)}"
        case "cancelled":
            return f"CANCELLED after {_seconds(_lived(report))} by {_canceller(report)}"
        case "lost":
            return f"LOST task={report.task_id} {one_line(report.reason, _REASON) or _LOST}"
        case "waiting":
            return f"RUNNING task={report.task_id} position={report.position}"
        case "running":
            return f"RUNNING task={report.task_id} elapsed={int(report.ran_seconds)}s"


def _failed(report: TaskReport) -> str:
    if report.exit_code is not None:
        return f"FAILED exit={report.exit_code} {_seconds(report.ran_seconds)}"
    if report.signal is not None:
        return f"FAILED signal={report.signal} {_seconds(report.ran_seconds)}"
    return f"FAILED cannot start: {one_line(report.reason, _REASON) or 'no reason given'}"


def _lived(report: TaskReport) -> float:
    return report.waited_seconds if report.started_at is None else report.ran_seconds


def _canceller(report: TaskReport) -> str:
    return one_line(report.cancelled_by, 80) or "client"


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f}s"


def _limit(seconds: float) -> str:
    return f"{seconds:.1f}".removesuffix(".0") + "s"


def _leftovers(report: TaskReport) -> str:
    if not report.killed_leftovers:
        return ""
    listed = (f"{one_line(left.name, 64)}({left.pid})" for left in report.killed_leftovers)
    return f" killed_leftovers={','.join(listed)}"


def _tail(report: TaskReport, lines: int, most_bytes: int) -> str:
    return last_lines(safe_text(report.tail), lines, most_bytes)
