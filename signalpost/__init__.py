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

TYPE_CHECKING = False  # as type checkers know it; loading typing takes longer than all of this
if TYPE_CHECKING:
    from .transport.caller import Caller
    from .transport.client import Client, Identity, connect
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
    from .transport.housekeeping import Info
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
    from .transport.messages import Leftover, QueueState, TaskProgress, TaskReport
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

# The command line passes through here first: everything is loaded when it is asked for.
_HOMES = {
    "Caller": "caller",
    "Client": "client",
    "Identity": "client",
    "connect": "client",
    "Incoming": "incoming",
    "AgentState": "letters",
    "Delivery": "letters",
    "Held": "letters",
    "InboxState": "letters",
    "Refusal": "letters",
    "SentMessage": "letters",
    "Settled": "letters",
    "StoredMessage": "letters",
    "Deliveries": "mail",
    "Registered": "mail",
    "Sent": "mail",
    "Info": "housekeeping",
    "Leftover": "messages",
    "QueueState": "messages",
    "TaskProgress": "messages",
    "TaskReport": "messages",
    "Received": "received",
}


def __getattr__(name: str) -> object:
    """Load a public name from its home on first use."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    home = import_module(f".transport.{_HOMES.get(name, 'errors')}", __name__)
    value: object = getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted({*globals(), *__all__})
