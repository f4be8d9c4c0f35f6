"""Calls of the task tools as values: checked, complete, ready for the broker. Pure.

Those of the messaging tools are in :mod:`mail_calls`.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RunTask:
    command: str
    working_directory: str
    queue_name: str = "global"
    timeout_seconds: float = 1200
    env_vars: dict[str, str] = field(default_factory=dict[str, str])
    notify: bool = False


@dataclass(frozen=True, slots=True)
class TaskStatus:
    task_id: int
    wait_seconds: float | None = None
    """None: the wait budget."""
    lines: int = 0


@dataclass(frozen=True, slots=True)
class CancelTask:
    task_id: int


@dataclass(frozen=True, slots=True)
class ClearTaskLogs:
    pass


@dataclass(frozen=True, slots=True)
class GetQueueStatus:
    agent: str = ""
    """Whose inbox; empty: all of them."""


Call = RunTask | TaskStatus | CancelTask | ClearTaskLogs | GetQueueStatus
