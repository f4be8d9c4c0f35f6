"""Agents and people share one machine: turns for heavy commands, one local broker.

    async with signalpost.connect() as client:
        report = await client.run_task("make -j8", "/work/project")

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
        InternalFault,
        NotAuthorised,
        ProtocolMismatch,
        QueueFull,
        ShuttingDown,
        SignalpostError,
        StoreFull,
        TooLarge,
    )
    from .transport.messages import Info, Leftover, QueueState, TaskProgress, TaskReport

__all__ = [
    "BadRequest",
    "BrokerUnavailable",
    "Caller",
    "Client",
    "DeadlineExceeded",
    "Identity",
    "Info",
    "InternalFault",
    "Leftover",
    "NotAuthorised",
    "ProtocolMismatch",
    "QueueFull",
    "QueueState",
    "ShuttingDown",
    "SignalpostError",
    "StoreFull",
    "TaskProgress",
    "TaskReport",
    "TooLarge",
    "connect",
]

# The command line passes through here first: everything is loaded when it is asked for.
_HOMES = {
    "Caller": "caller",
    "Client": "client",
    "Identity": "client",
    "connect": "client",
    "Info": "messages",
    "Leftover": "messages",
    "QueueState": "messages",
    "TaskProgress": "messages",
    "TaskReport": "messages",
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
