"""``signalpost run``: one command in turn, in the foreground, like the bare command."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from . import exit_codes
from .foreground import Foreground
from .mcp_bridge.progress_text import duration
from .notice import say
from .order import Order
from .output_stream import OutputStream, broker_folder
from .person import act
from .status_line import StatusLine
from .transport.client import Client
from .transport.messages import TaskReport
from .transport.safe_text import one_line

_REASON, _NAME = 500, 80


def run(order: Order, data_dir: Path) -> int:
    """Run it when its turn comes and return the exit code of :mod:`exit_codes`.

    :raises SignalpostError: it was refused, or the broker did not answer
    """

    async def work(client: Client) -> int:
        with contextlib.closing(OutputStream(await broker_folder(client))) as stream:
            status = StatusLine(sys.stderr, enabled=_can_rewrite(), columns=_columns)
            foreground = Foreground(order, client, stream, status)
            report = await foreground.run()
        if foreground.cut_off_code is not None:
            return foreground.cut_off_code
        for line in last_words(report, streamed=stream.connected):
            say(line)
        return exit_codes.of_report(report)

    return act(data_dir, work, start=True)


def last_words(report: TaskReport, *, streamed: bool) -> list[str]:
    """Return what a person must know besides the command's own output; mostly nothing."""
    words: list[str] = []
    match report.state:
        case "failed" if report.exit_code is None and report.signal is None:
            words.append(f"cannot start: {one_line(report.reason, _REASON)}")
        case "timeout":
            words.append(f"killed at its time limit of {duration(report.timeout_seconds)}")
        case "cancelled":
            by = one_line(report.cancelled_by, _NAME) or "somebody else"
            words.append(f"task {report.task_id} was cancelled by {by}")
        case "lost":
            why = one_line(report.reason, _REASON) or "the broker stopped; the command was killed"
            words.append(f"task {report.task_id} is lost: {why}")
        case _:
            pass
    if not streamed and report.tail:
        words.append(f"the output could not be copied here; it is in {report.output}")
    if report.killed_leftovers:
        names = ", ".join(f"{one_line(p.name, _NAME)}({p.pid})" for p in report.killed_leftovers)
        words.append(f"killed what the command left behind: {names}")
    return words


def _columns() -> int:
    # of standard error: standard output may be a pipe
    return os.get_terminal_size(sys.stderr.fileno()).columns or 80


def _can_rewrite() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"
