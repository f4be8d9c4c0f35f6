"""What a person does at the broker: one connection for the life of one command."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar, cast

import anyio

from . import stray
from .transport.client import Client, Identity
from .transport.errors import BrokerUnavailable
from .transport.messages import SessionKind

PERSON = "person"
"""The name of the agent that the command line is."""

T = TypeVar("T")


def act(
    data_dir: Path,
    work: Callable[[Client], Awaitable[T]],
    *,
    start: bool = False,
    kind: SessionKind = "cli",
) -> T:
    """Connect as the person, do ``work`` and return its result.

    :param start: start a broker when none runs
    :param kind: ``door``: connect as nobody, to look and wait only
    :raises BrokerUnavailable: none runs and ``start`` is false, or none can be reached or started
    :raises SignalpostError: the broker refused, or did not answer
    """
    if not start and stray.find(data_dir) is None:
        raise BrokerUnavailable(
            f"no broker runs in {data_dir}, so nothing runs or waits. `signalpost logs` and"
            " `signalpost output TASK` work without one. Start one: signalpost broker"
        )
    client = Client(Identity(kind=kind), data_dir=data_dir, start=start)
    try:
        return anyio.run(_act, client, work)
    except ExceptionGroup as group:
        raise _only_one(group) from None


async def _act(client: Client, work: Callable[[Client], Awaitable[T]]) -> T:
    outcomes: list[T] = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.run)
        try:
            outcomes.append(await work(client))
        finally:
            with anyio.CancelScope(shield=True):
                await client.close()
            tasks.cancel_scope.cancel()
    return outcomes[0]


def _only_one(error: Exception) -> Exception:
    """Unpack what a task group wraps even when it is alone."""
    if not isinstance(error, ExceptionGroup):
        return error
    group = cast("ExceptionGroup[Exception]", error)
    first, *others = group.exceptions
    return group if others else _only_one(first)
