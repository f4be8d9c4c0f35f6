"""What the bridge needs of a client of the broker, and no more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, Protocol

from ..transport.caller import Caller
from ..transport.messages import QueueState, TaskProgress, TaskReport
from .identity import AgentIdentity

Progress = Callable[[TaskProgress], None]
"""Called with news of an open call; must not block."""


class BrokerPort(Protocol):
    """One session with the broker. Every request may raise a SignalpostError.

    Cancelling an await gives up its call at the broker too.
    """

    async def run(self) -> None:
        """Serve the connection until cancelled."""
        ...

    async def close(self) -> None:
        """Say bye, if a session is open."""
        ...

    async def run_task(
        self,
        command: str,
        working_directory: str,
        queue_name: str,
        *,
        timeout_seconds: float,
        env_vars: Mapping[str, str],
        notify: bool,
        on_disconnect: Literal["kill", "finish"],
        wait_seconds: float | None,
        progress: Progress | None,
        caller: Caller,
    ) -> TaskReport: ...

    async def task_status(
        self, task_id: int, wait_seconds: float | None, lines: int, *, progress: Progress | None
    ) -> TaskReport: ...

    async def cancel_task(self, task_id: int) -> TaskReport: ...

    async def clear_task_logs(self) -> int: ...

    async def queues(self) -> list[QueueState]: ...


Dial = Callable[[AgentIdentity], BrokerPort]
"""Makes the client of one agent; nothing is connected before its first request."""
