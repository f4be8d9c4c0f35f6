"""One line about an open call: where it stands, who runs, what comes. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ..transport.messages import RunningTask, TaskProgress, TaskReport
from ..transport.safe_text import one_line

MAX_MESSAGE = 300
_COMMAND = 60
_NAMED = 2


def progress_text(news: TaskProgress) -> str:
    """Return the news in one harmless line of at most :data:`MAX_MESSAGE` characters."""
    report = news.report
    if report.state == "waiting":
        parts = [_place(report) + _ahead(news.running), _expected(report)]
    elif report.state == "running":
        parts = [f"running {duration(report.ran_seconds)}", _expected(report), _said(news)]
    else:
        parts = [report.state]
    return one_line("; ".join(part for part in parts if part), MAX_MESSAGE)


def duration(seconds: float) -> str:
    """Return seconds as people say them: ``45s``, ``3m 12s``, ``2h 05m``."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02}s"
    return f"{whole // 3600}h {whole % 3600 // 60:02}m"


def _place(report: TaskReport) -> str:
    place = f"position {report.position}" if report.position else "waiting"
    return f"{place} in queue {report.queue_name}"


def _ahead(running: Sequence[RunningTask]) -> str:
    if not running:
        return ""
    named = [
        f"task {task.task_id} ({one_line(task.command, _COMMAND)}, by {one_line(task.owner, 40)})"
        f" has run {duration(task.elapsed_seconds)}"
        for task in running[:_NAMED]
    ]
    more = len(running) - _NAMED
    return ": " + ", ".join(named) + (f" and {more} more" if more > 0 else "")


def _expected(report: TaskReport) -> str:
    eta = report.eta_seconds
    return "" if eta is None else f"result expected in about {duration(eta)}"


def _said(news: TaskProgress) -> str:
    line = one_line(news.last_line, MAX_MESSAGE)
    return f"last output: {line}" if line else ""
