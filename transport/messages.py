"""The vocabulary of the wire: one struct per thing that can be said. Pure.

A request gets exactly one reply. A push comes from the broker unasked. New
fields go last and have defaults; tags are never reused. Durations are seconds,
times of day are Unix seconds, sizes are bytes.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from . import bell, housekeeping, mail

MINOR = 2
"""Minor version of the protocol: grows with every addition."""


SessionKind = Literal["bridge", "client", "cli", "door"]
"""``door``: looks at one agent and what waits for it, and speaks for none."""


class _Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say ``frozen=True`` again in every subclass: type checkers do not inherit it."""


# ---------------------------------------------------------------- requests


class Hello(_Message, frozen=True, tag="hello"):
    """Open a session, or take up the one named in the header again."""

    software: str
    kind: SessionKind
    minor: int = MINOR
    agent: str = ""  # the agent's name; empty: unnamed
    thread: str = ""  # the MCP client's own id of the conversation, where it tells one
    label: str = ""  # ``folder/client``: the name that an unnamed agent gets
    client: str = ""  # the program behind the agent, as it calls itself
    working_directory: str = ""


class Bye(_Message, frozen=True, tag="bye"):
    """The session ends in an orderly way: its tasks end with it."""


class Heartbeat(_Message, frozen=True, tag="heartbeat"):
    """Proof of life, answered with :class:`Accepted`. Any request counts as one."""

    quiet: bool = False
    """Not to be answered: the sender has just heard the broker."""


class RunTask(_Message, frozen=True, tag="run_task"):
    """Run a shell command when its turn comes. Answered when it has run."""

    command: str
    working_directory: str
    queue_name: str = "global"
    timeout_seconds: float = 1200
    environment: dict[bytes, bytes] = {}  # the caller's; kept in memory only
    env_vars: dict[str, str] = {}  # additions the caller asked for by name
    umask: int = 0o022
    limits: dict[str, int] = {}
    """Soft resource limits by ``resource`` module name, as ``RLIMIT_NOFILE``; -1: infinity."""
    nice: int = 0
    notify: bool = False
    on_disconnect: Literal["kill", "finish"] = "kill"
    wait_seconds: float | None = None
    """Answer after so long with a report in state waiting or running; None: never."""
    progress: bool = False
    stream: str = ""  # a unix socket of the caller's to which the output is copied as it comes
    parent: str = ""  # SIGNALPOST_TASK of the caller, when it runs inside a task


class KeepPlace(_Message, frozen=True, tag="keep_place"):
    """After a broker's death: keep the place of a waiting task that was answered before."""

    request_id: bytes
    run_task: bytes  # payload of that request


class TaskStatus(_Message, frozen=True, tag="task_status"):
    """Wait for the end of a task, up to ``wait_seconds``, and report it."""

    task_id: int
    wait_seconds: float | None = 0
    lines: int = 0  # so many of the last output lines are wanted, at most 200
    progress: bool = False


class CancelTask(_Message, frozen=True, tag="cancel_task"):
    """Kill a task's whole tree; answered when it is dead."""

    task_id: int


class CancelCall(_Message, frozen=True, tag="cancel_call"):
    """Give up an open request of this session, named by its correlation."""

    correlation: bytes


class ClearTaskLogs(_Message, frozen=True, tag="clear_task_logs"):
    """Delete the logs of finished tasks: the caller's, or everyone's (people only)."""

    everyone: bool = False


class ClearQueue(_Message, frozen=True, tag="clear_queue"):
    """Cancel every waiting task of one queue (people only)."""

    queue_name: str


class QueueStatus(_Message, frozen=True, tag="queue_status"):
    """Ask for every queue that is in use."""


class ListTasks(_Message, frozen=True, tag="list_tasks"):
    """Ask for the newest ``limit`` tasks, open and finished, newest first."""

    limit: int = 20


class FollowOutput(_Message, frozen=True, tag="follow_output"):
    """Copy a running task's further output to the caller's unix socket."""

    task_id: int
    stream: str


TaskRequest = (
    Hello
    | Bye
    | Heartbeat
    | RunTask
    | KeepPlace
    | TaskStatus
    | CancelTask
    | CancelCall
    | ClearTaskLogs
    | ClearQueue
    | QueueStatus
    | ListTasks
    | FollowOutput
)
Request = TaskRequest | housekeeping.Request | mail.Request | bell.Request

# ---------------------------------------------------------------- parts of replies

TaskState = Literal["waiting", "running", "success", "failed", "timeout", "cancelled", "lost"]
OPEN_STATES: tuple[TaskState, ...] = ("waiting", "running")


class Leftover(msgspec.Struct, frozen=True):
    """A process that a finished command left behind, now killed."""

    name: str
    pid: int


class TaskReport(_Message, frozen=True, tag="task_report"):
    """Everything about one task."""

    task_id: int
    state: TaskState
    queue_name: str
    command: str
    working_directory: str
    owner: str
    output: str
    """The log's path."""
    created_at: float
    started_at: float | None = None
    ended_at: float | None = None
    waited_seconds: float = 0.0
    ran_seconds: float = 0.0
    position: int = 0  # among the waiting, 1 is next; 0 when not waiting
    eta_seconds: float | None = None  # until its end, learned from earlier runs; None: unknown
    exit_code: int | None = None
    signal: int | None = None
    reason: str = ""  # why it could not start, or how it was lost
    cancelled_by: str = ""
    timeout_seconds: float = 0.0
    tail: bytes = b""  # the end of the merged output, raw, at most 32 KiB
    killed_leftovers: list[Leftover] = []
    peak_rss_mb: float | None = None
    cpu_seconds: float | None = None
    pid: int | None = None
    parent: int | None = None
    notify: bool = False


class RunningTask(msgspec.Struct, frozen=True):
    """Who holds a slot."""

    task_id: int
    command: str
    owner: str
    elapsed_seconds: float


class QueueState(msgspec.Struct, frozen=True):
    """One queue: its width, who runs, who waits in order."""

    queue_name: str
    width: int
    running: list[TaskReport]
    waiting: list[TaskReport]


# ---------------------------------------------------------------- replies


class Welcome(_Message, frozen=True, tag="welcome"):
    """The session is open."""

    session: bytes
    minor: int
    software: str
    pid: int
    settings: dict[str, str]
    """As written on the command line."""
    heartbeat_seconds: float
    max_request_bytes: int
    agent: str = ""  # under which name the session acts; empty: it is no agent


class Accepted(_Message, frozen=True, tag="accepted"):
    """It took effect."""


class Failed(_Message, frozen=True, tag="failed"):
    """The request did not take effect; see :mod:`errors` for the codes."""

    code: str
    detail: str


class Cleared(_Message, frozen=True, tag="cleared"):
    """So many were cleared."""

    count: int


class Queues(_Message, frozen=True, tag="queues"):
    """Every queue in use, by name."""

    queues: list[QueueState]


class Tasks(_Message, frozen=True, tag="tasks"):
    """Tasks, newest first."""

    tasks: list[TaskReport]


Reply = (
    Welcome
    | Accepted
    | Failed
    | TaskReport
    | Cleared
    | Queues
    | Tasks
    | housekeeping.Info
    | mail.Reply
    | bell.Reply
)

# ---------------------------------------------------------------- pushes


class TaskProgress(_Message, frozen=True, tag="task_progress"):
    """News for the open call in the header."""

    report: TaskReport
    running: list[RunningTask] = []
    last_line: bytes = b""


class Rehello(_Message, frozen=True, tag="rehello"):
    """The broker does not know this session: say hello and resend what is unanswered."""


Push = TaskProgress | Rehello | mail.Push
