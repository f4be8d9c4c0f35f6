"""What the rules of a queue ask their actor to do. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from .task import Call, Task


@dataclass(frozen=True, slots=True)
class Queued:
    """A task was accepted; persist it."""

    task: Task


@dataclass(frozen=True, slots=True)
class Start:
    """Run this task's command now."""

    task: Task


@dataclass(frozen=True, slots=True)
class Resume:
    """Stay with this task, whose command was started in an earlier broker life."""

    task: Task


@dataclass(frozen=True, slots=True)
class Kill:
    """Kill this task's whole tree."""

    task: Task


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer this call with the task as it now is."""

    call: Call
    task: Task


@dataclass(frozen=True, slots=True)
class Tell:
    """Send these calls news of their tasks."""

    calls: list[tuple[Call, Task]]


@dataclass(frozen=True, slots=True)
class Finished:
    """A task reached its terminal state; persist it."""

    task: Task


Effect = Queued | Start | Resume | Kill | Answer | Tell | Finished
