"""Both ends of a socket, and ears that remember what came."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskGroup

from signalpost.transport.sockets import Dealer, Message, Router

H = b"h" * 32
PATIENCE = 10.0


class Ear:
    """What one end has heard, and a way to wait for more."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.identities: list[bytes] = []
        self.parts: list[int] = []
        self._news = anyio.Event()

    def hear(self, message: Message) -> None:
        self.identities.append(message.identity)
        self.note(message.frames)

    def note(self, parts: list[bytes]) -> None:
        self.parts.append(len(parts))
        self.heard.append(parts[-1])
        self._news.set()
        self._news = anyio.Event()

    async def count(self, wanted: int) -> None:
        with anyio.fail_after(PATIENCE):
            while len(self.heard) < wanted:
                await self._news.wait()


@asynccontextmanager
async def serving(
    endpoint: str, handle: Callable[[Message], None] | None = None
) -> AsyncGenerator[tuple[Router, Ear, TaskGroup], None]:
    """A router that answers everything with its own payload, unless told otherwise."""
    ear = Ear()
    with Router(endpoint) as router:

        def echo(message: Message) -> None:
            ear.hear(message)
            router.post(message.identity, H, message.frames[-1])

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(router.serve, handle or echo)
            yield router, ear, tasks
            tasks.cancel_scope.cancel()


def connected(endpoint: str, tasks: TaskGroup) -> tuple[Dealer, Ear]:
    dealer, ear = Dealer(endpoint, linger_ms=0), Ear()

    async def serve() -> None:
        with dealer:
            await dealer.serve(ear.note)

    tasks.start_soon(serve)
    return dealer, ear


def numbered(count: int) -> list[bytes]:
    return [str(number).encode() for number in range(count)]
