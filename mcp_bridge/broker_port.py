"""What the bridge needs of a client of the broker, and no more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol

from ..transport.bell import Doorstep
from ..transport.caller import Caller
from ..transport.letters import (
    AgentState,
    Delivery,
    Goal,
    Held,
    InboxState,
    Kind,
    Outcome,
    RingOutcome,
    Role,
    Settled,
    StoredMessage,
    Way,
)
from ..transport.mail import Deliveries, Registered, Sent
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

    async def ping(self) -> None:
        """Return when the broker knows the agent."""
        ...

    @property
    def agent(self) -> str:
        """The name under which the broker knows the agent; empty: it does not yet."""
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

    async def register(
        self, name: str, *, role: Role, description: str, inbox_bound: int | None
    ) -> Registered: ...

    async def unregister(self, *, force: bool) -> None: ...

    async def agents(self) -> list[AgentState]: ...

    async def inboxes(self, agent: str) -> list[InboxState]: ...

    async def send(
        self,
        to: str | Sequence[str],
        content: str,
        *,
        kind: Kind,
        metadata: Mapping[str, object] | None,
        in_reply_to: str,
        ttl_seconds: float | None,
        wait_for: Goal,
        wait_seconds: float | None,
        park_seconds: float,
    ) -> Sent: ...

    async def take(
        self,
        *,
        wait_seconds: float | None,
        sender: str,
        in_reply_to: str,
        max_messages: int,
        acknowledge: Sequence[Held],
    ) -> Deliveries: ...

    async def settle(self, held: Sequence[Held], outcome: Outcome) -> list[Settled]: ...

    async def peek(
        self, agent: str = "", *, sender: str, in_reply_to: str, max_messages: int
    ) -> list[Delivery]: ...

    async def read_message(self, message_id: str) -> StoredMessage: ...

    async def await_bell(self, *, way: Way, after: int) -> Doorstep:
        """Return when the agent's doorbell rings."""
        ...

    async def note_ring(
        self, agent: str, cursor: int, way: Way, outcome: RingOutcome, detail: str = ""
    ) -> None:
        """Say what became of a ring."""
        ...


Dial = Callable[[AgentIdentity], BrokerPort]
"""Makes the client of one agent; nothing is connected before its first request."""
