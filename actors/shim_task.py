"""One job's life inside the shim: start, output, end, outcome.

    prepared --start--> running --shell exits--> ending --nothing left--> empty --open--> over
                 |         |                       ^                        ^
                 |         +---- end(reason) ------+                        |
                 +-- cannot start, or may not ------------------------------+

It may start before the broker knows of it, see ``shim_relay``. What that has to
tell for the log comes with :meth:`Task.open`, and only then it is over. The first
reason to end is the one that is recorded. The running record is the right to run:
whose broker is dead, or who finds a record, does not start.
What is between two commands is what a turn costs: so much is done in advance.

Standard library only: this module runs inside the shim.
"""

from __future__ import annotations

import os
import selectors
import sys
from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from . import (
    shim_child,
    shim_claim,
    shim_ending,
    shim_hold,
    shim_pipes,
    shim_reason,
    shim_record,
    shim_report,
    shim_streams,
)
from .shim_child import JobFields

_LAST_DRAIN = 4 * 1024 * 1024
"""More than both pipes hold; who still writes then is none of the task's processes."""

_NEVER = float("inf")
T = TypeVar("T")


class Say(Protocol):
    """Tells the broker of an event."""

    def __call__(self, event: str, **fields: object) -> None: ...


class Task:
    """Runs ``job``. ``now`` gives monotonic seconds; ``over`` tells that all of it is done.

    ``cut_off`` tells whether the broker is dead; ``on_empty`` is called when nothing lives any
    more. Callbacks are registered in ``selector``; :meth:`advance` must be called when ``due``,
    and :meth:`reap` whenever a child may have ended.
    """

    def __init__(
        self,
        job: JobFields,
        selector: selectors.BaseSelector,
        streams: shim_streams.Streams,
        say: Say,
        now: Callable[[], float],
        cut_off: Callable[[], bool],
        on_empty: Callable[[], None],
    ) -> None:
        self.over = False
        self.report = shim_report.Report(job)
        self._job = job
        self._selector = selector
        self._streams = streams
        self._say = say
        self._now = now
        self._on_empty = on_empty
        self._empty = False
        self._opened = False
        self._grace = job["grace_seconds"]
        self._child = 0
        self._pipes = _in_advance(shim_pipes.open_pipes)
        self._command = _in_advance(lambda: shim_child.Command(job))
        self._held: shim_hold.Held | None = None
        self._shim = shim_record.this_shim()
        self._claim = shim_claim.Claim(
            job["running_record"], self._identity, cut_off, self.report.faults
        )
        self._pumping = False
        self._started = 0.0
        self._ran = 0.0
        self._reason = ""
        self._error = ""
        self._status: int | None = None
        self._ending: shim_ending.Ending | None = None

    # ------------------------------------------------------------ start

    def hold(self) -> None:
        """Have the command's process made, up to its first instruction."""
        if self._held is None and self._command is not None and self._pipes is not None:
            self._held = shim_hold.hold(self._command, *self._pipes.writers())
        if self._held is not None:
            self._say("held", pid=self._held.pid)
        if not self._job["outlives"]:  # else its record tells when it began
            self._claim.draft()

    def dismiss(self) -> None:
        """It does not start; nothing of it has run."""
        if self._held is not None:
            self._held.discard()

    def start(self) -> None:
        """Start the command; why it cannot start becomes its outcome."""
        self._started = self._now()
        self.over = not self._claim.take()
        if not self._claim.recorded:
            self._say("taken")
        if self.over:
            self.dismiss()
            return
        self._spawn()
        if (
            self._claim.recorded
        ):  # not before: it wakes the broker, and the processor is needed here
            self._say("taken")
        if self._reason:
            self._finish()
        elif self.goes_on_alone:
            self._record(self._job["running_record"], self._identity())

    def open(self, log_header: str | None = None) -> None:
        """Begin log and streams, with what was known before if there is no header."""
        if self.over or self._opened:
            return
        self._opened = True
        self.report.open_log(self._job["log_header"] if log_header is None else log_header)
        if self._job["stream"]:
            self._streams.call(self._job["stream"])
        if self._child:
            self._say("started", pid=self._child)
        if self._empty:
            self._close()
        else:
            self.balance()

    def _spawn(self) -> None:
        try:
            self._pipes = self._pipes or shim_pipes.open_pipes()
            self._started = self._now()
            command = self._command or shim_child.Command(self._job)
            held = shim_hold.released(self._held, command)
            self._child = held or command.spawn(*self._pipes.writers())
        except (OSError, ValueError, MemoryError) as error:
            self._reason, self._error = "cannot_start", shim_reason.reason(error, self._job)

    @property
    def goes_on_alone(self) -> bool:
        """Whether it runs, shall go on without its broker, and the next one can find it."""
        found = sys.platform == "linux" and self._claim.recorded
        return found and self._job["outlives"] and self._ending is None

    def _identity(self) -> Mapping[str, object]:
        return {
            "task_id": self._job["task_id"],
            **self._shim,
            "cookie": self._job["cookie"],
            "outlives": self._job["outlives"],
            "child": self._child,
            "began": self._started,
            "timeout_seconds": self._job["timeout_seconds"],
            "grace_seconds": self._job["grace_seconds"],
            "log": self._job["log"],
        }

    def _record(self, path: str, fields: Mapping[str, object]) -> None:
        try:
            shim_record.write(path, fields)
        except OSError as error:
            self.report.faults.append(f"record: {error.strerror}")

    # ------------------------------------------------------------ output

    def _on_output(self, fd: int) -> None:
        if self._pipes is not None:
            self._publish(self._pipes.pump(fd))
            self.balance()

    def catch_up(self) -> None:
        """Take what the command has written by now, unless the caller's stream has no room."""
        if self._pumping and self._pipes is not None:
            for fd in self._pipes.watch():
                self._on_output(fd)

    def _publish(self, pieces: list[shim_pipes.Piece]) -> None:
        for stream, data in pieces:
            self.report.add(stream, data)
            self._streams.send(stream, data)

    def balance(self) -> None:
        """Read the pipes exactly while the caller's stream has room."""
        wanted = not self._streams.congested
        if self._pipes is None or wanted == self._pumping:
            return
        self._pumping = wanted
        for fd in self._pipes.watch():
            if wanted:
                self._selector.register(fd, selectors.EVENT_READ, self._on_output)
            else:
                self._selector.unregister(fd)

    # ------------------------------------------------------------ end

    @property
    def due(self) -> float:
        """When :meth:`advance` has something to do, in monotonic seconds."""
        if self._empty:
            return _NEVER
        if self._ending is not None:
            return self._ending.due
        return self._started + self._job["timeout_seconds"]

    def advance(self) -> None:
        """Do what is due: enforce the time limit, go on with the ending."""
        if self.over or self._now() < self.due:
            return
        if self._ending is None:
            self.end("timeout")
        if self._ending is not None:
            self._ending.advance(self._now())
        self.reap()

    def end(self, reason: str, grace: float | None = None) -> None:
        """Bring the whole tree to its end; an ending under way is at most hurried by ``grace``."""
        if grace is not None:
            self._grace = min(self._grace, grace)
            if self._ending is not None:
                self._ending.hurry(self._now(), grace)
        self._begin(reason, settle=0)

    def reap(self) -> None:
        """Take the exit status of every child that ended; without children the task is over."""
        if self.over or self._empty:
            return
        try:
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                if found[0] == self._child:
                    self._exited(os.waitstatus_to_exitcode(found[1]))
        except ChildProcessError:
            if sys.platform == "linux" or not shim_ending.living(self._child):
                self._finish()

    def _exited(self, status: int) -> None:
        self._ran = self._now() - self._started
        self._status = status
        self._begin("exit", settle=shim_ending.SETTLE_SECONDS)

    def _begin(self, reason: str, *, settle: float) -> None:
        if self._ending is None:
            self._reason = reason
            self._ending = shim_ending.Ending(
                self._child, self._now(), settle=settle, grace=self._grace
            )

    def _finish(self) -> None:
        self._empty = True
        self._on_empty()
        if self._opened:
            self._close()

    def _close(self) -> None:
        self.over = True
        if self._pipes is not None:
            self._publish(shim_pipes.drain(self._pipes, _LAST_DRAIN))
        outcome = self.report.close(self._ended())
        self._record(self._job["exit_record"], outcome)
        self._say("ended", **outcome)

    def _ended(self) -> shim_report.Ended:
        left = self._ending.leftovers if self._ending and self._reason == "exit" else []
        return shim_report.Ended(self._reason, self._status, self._error, self._ran, left)


def _in_advance(make: Callable[[], T]) -> T | None:
    try:
        return make()
    except (OSError, ValueError, MemoryError):
        return None  # who starts the command tries again, and tells why
