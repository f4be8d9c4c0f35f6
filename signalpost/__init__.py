"""Agents and people share one machine: turns for heavy commands, one local broker.

    async with signalpost.connect() as client:
        report = await client.run_task("make -j8", "/work/project")

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
    InternalFault,
    NotAuthorised,
    ProtocolMismatch,
    QueueFull,
    ShuttingDown,
    SignalpostError,
    StoreFull,
    TooLarge,
)

if TYPE_CHECKING:
    from .transport.caller import Caller
    from .transport.client import Client, Identity, connect
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

# `signalpost --help` passes through here too: what is heavy is loaded when it is asked for.
_HOMES = {
    "Caller": ".transport.caller",
    "Client": ".transport.client",
    "Identity": ".transport.client",
    "connect": ".transport.client",
    "Info": ".transport.messages",
    "Leftover": ".transport.messages",
    "QueueState": ".transport.messages",
    "TaskProgress": ".transport.messages",
    "TaskReport": ".transport.messages",
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
