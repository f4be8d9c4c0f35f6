"""One task: what was asked, who waits for it, what became of it. Pure.

               submit                    a slot is free
    (nobody) ──────────> WAITING ─────────────────────────> RUNNING
                            │                                  │
              cancel, leave │                                  │ nothing of its tree lives
                            v                                  v
                        CANCELLED      SUCCESS FAILED TIMEOUT CANCELLED LOST

A task has exactly one terminal state, decided once, when nothing of it lives.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from ..transport import messages
from ..transport.errors import NotAuthorised
from .estimate import queue_eta
from .job import Outcome
from .moment import Moment

COMMAND_SHOWN = 1000
BROKER = "broker"
"""Who cancels what is open when the broker stops."""


@dataclass(slots=True, eq=False)
class Call:
    """An open request that waits for a task.

    ``runs`` is True for ``run_task`` (cancelling the last such call cancels
    the task) and False for those who merely watch. ``deadline`` is when it is
    answered in any case, on the monotonic clock.
    """

    correlation: bytes
    session: bytes
    runs: bool
    progress: bool = False
    deadline: float | None = None
    lines: int = 0
    told: tuple[object, ...] = ()
    principal: str = ""
    agent_id: int = 0
    """Who asks, and for which agent; 0: for none."""

    def brings_home(self, principal: str, agent_id: int) -> bool:
        """Tell whether it brings a task's result to whom it is for, not to an onlooker.

        :param principal: whose the task is
        :param agent_id: who gets its result as mail; 0: nobody
        """
        return self.runs or self.principal == principal or 0 != self.agent_id == agent_id


@dataclass(slots=True, eq=False)
class Task:
    """Everything about one task.

    ``request`` is None while its caller is away after a restart. ``parent`` is
    the task it was asked from; ``inside`` the ancestor in whose slot it runs.
    """

    id: int
    request_id: bytes
    queue_name: str
    command: str
    working_directory: str
    owner: str
    principal: str
    session: bytes
    requester_pid: int
    created: Moment
    output: str
    request: messages.RunTask | None = None
    key: str = ""
    parent: int | None = None
    inside: int | None = None
    expected: float | None = None
    state: messages.TaskState = "waiting"
    started: Moment | None = None
    ended: Moment | None = None
    pid: int | None = None
    outcome: Outcome | None = None
    cancelled_by: str = ""
    reason: str = ""
    delivered: bool = False
    agent_id: int = 0
    """The agent who gets its result as mail; 0: nobody."""
    adopted: bool = False
    """Whether its command was started in an earlier broker life, and still ran when that ended."""
    calls: dict[bytes, Call] = field(default_factory=dict[bytes, Call])
    holders: set[bytes] = field(default_factory=set[bytes])

    @property
    def is_open(self) -> bool:
        return self.state in messages.OPEN_STATES

    @property
    def outlives_its_callers(self) -> bool:
        return self.request is not None and (
            self.request.notify or self.request.on_disconnect == "finish"
        )

    @property
    def timeout_seconds(self) -> float:
        return self.request.timeout_seconds if self.request is not None else 0.0

    def take_over(self, fresh: Task) -> None:
        """The same was asked for again: by a caller that is back after a restart, or another."""
        if self.request is None:
            self.request = fresh.request
            self._reclaim(fresh)
        elif self.adopted and self.request_id == fresh.request_id:
            self._reclaim(fresh)
        elif fresh.request is not None and fresh.outlives_its_callers:
            self.request = msgspec.structs.replace(
                self.request,
                notify=self.request.notify or fresh.request.notify,
                on_disconnect="finish"
                if "finish" in (self.request.on_disconnect, fresh.request.on_disconnect)
                else "kill",
            )

    def _reclaim(self, fresh: Task) -> None:
        self.key = fresh.key
        self.owner = fresh.owner
        self.principal = fresh.principal
        self.session = fresh.session
        self.requester_pid = fresh.requester_pid
        self.expected = fresh.expected
        self.agent_id = fresh.agent_id

    def check_owner(self, principal: str | None) -> None:
        """Refuse anyone but the owner and a person (None).

        :raises NotAuthorised: it belongs to another agent
        """
        if principal is not None and principal != self.principal:
            raise NotAuthorised(
                f"task {self.id} belongs to {self.owner}. Only its owner may cancel it;"
                f" a person can: signalpost cancel {self.id}"
            )

    def waited(self, now: Moment) -> float:
        """Seconds between acceptance and start, or until ``now``."""
        until = self.started or self.ended or now
        return until.mono - self.created.mono

    def ran(self, now: Moment) -> float:
        """Seconds of execution so far."""
        if self.outcome is not None:
            return self.outcome.ran_seconds
        return now.mono - self.started.mono if self.started is not None else 0.0

    def settle(self, outcome: Outcome) -> None:
        """Decide the terminal state from how the execution ended."""
        self.outcome = outcome
        match outcome.reason:
            case "exit":
                self.state = "success" if outcome.exit_code == 0 else "failed"
                self.cancelled_by = ""  # it ended by itself before the kill reached it
            case "timeout":
                self.state = "timeout"
                self.cancelled_by = ""
            case "killed" if self.cancelled_by == BROKER:
                self.state = "lost"
                self.reason = "broker stopped; the command was killed"
            case "killed":
                self.state = "cancelled"
            case "cannot_start":
                self.state = "failed"
                self.reason = outcome.error
            case "broker_lost":
                self.state = "lost"
                self.reason = "broker stopped; the command was killed"
            case "shim_lost":
                self.state = "lost"
                self.reason = "its supervising process was killed; so was the command"

    def report(
        self, now: Moment, *, position: int = 0, eta: float | None = None, tail: bytes = b""
    ) -> messages.TaskReport:
        """Return the task as callers see it."""
        outcome = self.outcome
        return messages.TaskReport(
            task_id=self.id,
            state=self.state,
            queue_name=self.queue_name,
            command=clip(self.command),
            working_directory=self.working_directory,
            owner=self.owner,
            output=self.output,
            created_at=self.created.wall,
            started_at=self.started.wall if self.started else None,
            ended_at=self.ended.wall if self.ended else None,
            waited_seconds=self.waited(now),
            ran_seconds=self.ran(now),
            position=position,
            eta_seconds=eta,
            exit_code=outcome.exit_code if outcome else None,
            signal=outcome.signal if outcome else None,
            reason=self.reason,
            cancelled_by=self.cancelled_by,
            timeout_seconds=self.timeout_seconds,
            tail=outcome.tail if outcome else tail,
            killed_leftovers=outcome.leftovers if outcome else [],
            peak_rss_mb=outcome.peak_rss_mb if outcome else None,
            cpu_seconds=outcome.cpu_seconds if outcome else None,
            pid=self.pid,
            parent=self.parent,
            notify=self.request.notify if self.request else False,
        )


def task_eta(
    task: Task, running: Sequence[Task], ahead: Sequence[Task], width: int, now: Moment
) -> float | None:
    """Return the seconds until a task's end, learned from earlier runs; None: not known.

    :param running: who holds a slot, when it waits
    :param ahead: who waits before it
    """
    if task.started is not None:
        return None if task.expected is None else max(0.0, task.expected - task.ran(now))
    held = [(t.expected, t.ran(now)) for t in running]
    return queue_eta(held, [t.expected for t in ahead], task.expected, width)


def clip(command: str) -> str:
    """Return a command short enough for lists and news; the log has all of it."""
    return command if len(command) <= COMMAND_SHOWN else command[: COMMAND_SHOWN - 1] + "…"


def key_of(principal: str, request: messages.RunTask, real_path: str) -> str:
    """Return what makes two calls the same: who asks for what, where, with which additions."""
    parts = [
        principal,
        request.queue_name,
        real_path,
        request.command,
        sorted(request.env_vars.items()),
    ]
    text = json.dumps(parts)
    return hashlib.sha256(text.encode()).hexdigest()
