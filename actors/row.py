"""One task as it is kept in the store. Pure.

A row holds neither output nor environment: the output is in the task's log,
and an environment is never written to disk.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from ..transport.messages import OPEN_STATES, Leftover, TaskState


class TaskRow(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one task after its latest change. Times of day are Unix seconds."""

    id: int
    request_id: bytes
    """The correlation of the request that asked for it, 16 bytes."""
    queue_name: str
    state: TaskState
    command: str
    working_directory: str
    owner: str = ""
    principal: str = ""
    """Who may cancel it and clear its log; see :class:`..transport.session.Session`."""
    session: str = ""
    """The session of the requester, in hex."""
    requester_pid: int = 0
    parent: int | None = None
    """The task inside whose turn it runs."""
    created_at: float
    started_at: float | None = None
    ended_at: float | None = None
    ran_seconds: float = 0.0
    exit_code: int | None = None
    signal: int | None = None
    reason: str = ""
    """Why it could not start, or how it was lost."""
    cancelled_by: str = ""
    timeout_seconds: float = 0.0
    pid: int | None = None
    """The requester's, as readers of the view ``queue`` expect it."""
    child_pid: int | None = None
    """The command's."""
    notify: bool = False
    on_disconnect: Literal["kill", "finish"] = "kill"
    killed_leftovers: list[Leftover] = []
    peak_rss_mb: float | None = None
    cpu_seconds: float | None = None
    delivered: bool = False
    """Whether a caller got the final result."""
    agent_id: int = 0
    """The agent who gets its result as mail; 0: nobody."""

    @property
    def is_open(self) -> bool:
        """Whether it waits or runs."""
        return self.state in OPEN_STATES
