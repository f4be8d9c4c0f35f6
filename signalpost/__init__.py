"""Agents and people share one machine: turns for heavy commands, one local broker.

    async with signalpost.connect() as client:
        report = await client.run_task("make -j8", "/work/project")

    async with signalpost.connect("worker") as client, client.inbox() as inbox:
        async for message in inbox:
            await message.reply("done")

Reading on: ``transport`` (the wire and the client), ``actors`` (the broker),
``mcp_bridge`` (the agents' door); beside this file lives the command line.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from .transport.errors import (
    BadRequest,
    BrokerUnavailable,
    DeadlineExceeded,
    InboxFull,
    InternalFault,
    LoopDetected,
    NameTaken,
    NotAuthorised,
    ProtocolMismatch,
    QueueFull,
    ShuttingDown,
    SignalpostError,
    StaleLease,
    StoreFull,
    TooLarge,
    UnknownAgent,
)

if TYPE_CHECKING:
    from .transport.caller import Caller
    from .transport.client import Client, Identity, connect
    from .transport.incoming import Incoming
    from .transport.letters import (
        AgentState,
        Delivery,
        Held,
        InboxState,
        Refusal,
        SentMessage,
        Settled,
        StoredMessage,
    )
    from .transport.mail import Deliveries, Registered, Sent
    from .transport.messages import Info, Leftover, QueueState, TaskProgress, TaskReport
    from .transport.received import Received

__all__ = [
    "AgentState",
    "BadRequest",
    "BrokerUnavailable",
    "Caller",
    "Client",
    "DeadlineExceeded",
    "Deliveries",
    "Delivery",
    "Held",
    "Identity",
    "InboxFull",
    "InboxState",
    "Incoming",
    "Info",
    "InternalFault",
    "Leftover",
    "LoopDetected",
    "NameTaken",
    "NotAuthorised",
    "ProtocolMismatch",
    "QueueFull",
    "QueueState",
    "Received",
    "Refusal",
    "Registered",
    "Sent",
    "SentMessage",
    "Settled",
    "ShuttingDown",
    "SignalpostError",
    "StaleLease",
    "StoreFull",
    "StoredMessage",
    "TaskProgress",
    "TaskReport",
    "TooLarge",
    "UnknownAgent",
    "connect",
]

# `signalpost --help` passes through here too: what is heavy is loaded when it is asked for.
_HOMES = {
    "Caller": ".transport.caller",
    "Client": ".transport.client",
    "Identity": ".transport.client",
    "connect": ".transport.client",
    "Incoming": ".transport.incoming",
    "AgentState": ".transport.letters",
    "Delivery": ".transport.letters",
    "Held": ".transport.letters",
    "InboxState": ".transport.letters",
    "Refusal": ".transport.letters",
    "SentMessage": ".transport.letters",
    "Settled": ".transport.letters",
    "StoredMessage": ".transport.letters",
    "Deliveries": ".transport.mail",
    "Registered": ".transport.mail",
    "Sent": ".transport.mail",
    "Info": ".transport.messages",
    "Leftover": ".transport.messages",
    "QueueState": ".transport.messages",
    "TaskProgress": ".transport.messages",
    "TaskReport": ".transport.messages",
    "Received": ".transport.received",
}


def __getattr__(name: str) -> object:
    """Load a public name from its home on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted({*globals(), *__all__})
