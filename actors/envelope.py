"""What can lie in the mailbox of a queue's actor. Pure.

``reply_to`` is the call that is refused when the envelope cannot be served.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..transport.errors import SignalpostError
from .job import Outcome
from .task import Call, Task


@dataclass(frozen=True, slots=True)
class Submit:
    """A caller asks for a run."""

    task: Task
    reply_to: Call


@dataclass(frozen=True, slots=True)
class Watch:
    """A caller waits for a task's end."""

    task_id: int
    reply_to: Call


@dataclass(frozen=True, slots=True)
class Cancel:
    """A caller wants a task dead; ``principal`` None: a person."""

    task_id: int
    by: str
    principal: str | None
    reply_to: Call


@dataclass(frozen=True, slots=True)
class CancelWaiting:
    """Everything that waits must go; a reply tells how many that were."""

    by: str
    reply_to: Call | None = None


@dataclass(frozen=True, slots=True)
class GiveUp:
    """An open call was cancelled by its client."""

    correlation: bytes
    reply_to: Call | None = None


@dataclass(frozen=True, slots=True)
class Leave:
    """A session is gone."""

    session: bytes
    reply_to: Call | None = None


@dataclass(frozen=True, slots=True)
class EndAll:
    """The broker stops."""

    by: str
    reply_to: Call | None = None


@dataclass(frozen=True, slots=True)
class EndChildren:
    """The task that asked for some of these has ended."""

    parent: int
    reply_to: Call | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """A shim has executed a task's command."""

    task_id: int
    pid: int
    reply_to: Call | None = None


@dataclass(frozen=True, slots=True)
class Died:
    """Nothing of a task's tree lives any more; its outcome is on its way."""

    task_id: int
    reply_to: Call | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing of a task's tree lives any more, and this became of it."""

    task_id: int
    outcome: Outcome
    reply_to: Call | None = None


@dataclass(frozen=True, slots=True)
class Unsaved:
    """A task could not be written to the store, so it must not run."""

    task_id: int
    error: SignalpostError
    reply_to: Call | None = None


@dataclass(frozen=True, slots=True)
class Restore:
    """A task of an earlier broker life waits for its caller."""

    task: Task
    reply_to: Call | None = None


@dataclass(frozen=True, slots=True)
class Adopt:
    """A task of an earlier broker life still runs."""

    task: Task
    reply_to: Call | None = None


Envelope = (
    Submit
    | Watch
    | Cancel
    | CancelWaiting
    | GiveUp
    | Leave
    | EndAll
    | EndChildren
    | Started
    | Died
    | Ended
    | Unsaved
    | Restore
    | Adopt
)
