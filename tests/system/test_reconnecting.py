"""Case 26: the broker dies, and everybody comes to the next one at once."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

import anyio
import pytest

from signalpost.transport.client import Client
from tests.system.place import Place, within
from tests.system.processes import cpu_seconds

AT_ONCE = 4
"""The last is back before so many times the time of the first has passed."""


@pytest.mark.parametrize("many", [60, pytest.param(200, marks=pytest.mark.soak)])
@within(30)
async def test_all_come_back_to_the_next_broker_at_once(place: Place, many: int) -> None:
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(place.client(f"a{number}")) for number in range(many)
        ]
        await stack.enter_async_context(waiting_for_mail(clients))
        assert (await clients[0].info()).sessions == many
        killed = place.broker().pid
        os.kill(killed, signal.SIGKILL)
        start, times = time.monotonic(), list[float]()

        async def come_back(client: Client) -> None:
            await client.ping()
            times.append(time.monotonic() - start)

        async with anyio.create_task_group() as coming:
            for client in clients:
                coming.start_soon(come_back, client)
        assert max(times) < AT_ONCE * min(times)
        assert cpu_seconds(place.broker().pid) < max(times)
        assert (await clients[0].info()).sessions == many
        for client in clients:
            sent = await client.send(client.agent, "hello", wait_for="delivered", wait_seconds=10)
            assert sent.sent[0].stage == "delivered"


@asynccontextmanager
async def waiting_for_mail(clients: list[Client]) -> AsyncGenerator[None, None]:
    """Have every one of them wait for mail during the block."""

    async def wait(client: Client) -> None:
        await client.take(wait_seconds=None)

    async with anyio.create_task_group() as tasks:
        for client in clients:
            await client.register(client.agent)
            tasks.start_soon(wait, client)
        yield
        tasks.cancel_scope.cancel()
