"""The bare wire: requests and replies by correlation, with nothing that thinks for itself."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio

from signalpost.transport import frames, messages
from signalpost.transport.sockets import Dealer
from tests.system.place import SECONDS, Place

Answer = messages.Reply | messages.Push


class Wire:
    """One session. Use :func:`wire`."""

    def __init__(self, dealer: Dealer, count: int) -> None:
        self._dealer = dealer
        self._decoder = frames.answer_decoder()
        self._session = frames.NO_SESSION
        self._count = count
        self._replies: dict[bytes, Answer] = {}
        self._news = anyio.Event()

    def send(self, request: messages.Request) -> bytes:
        """Send a request and return its correlation."""
        self._count += 1
        correlation = self._count.to_bytes(16, "big")
        payload = frames.encode_request(request)
        self._dealer.send(frames.header(self._session, correlation), payload)
        return correlation

    def send_garbage(self) -> None:
        """Send what no request can be; nothing answers it."""
        self._dealer.send(b"no header", b"no payload")

    def hear(self, parts: list[bytes]) -> None:
        answer = self._decoder.decode(parts[1])
        if not isinstance(answer, messages.TaskProgress):
            self._replies[frames.correlation_of(parts[0])] = answer
        news, self._news = self._news, anyio.Event()
        news.set()

    async def reply(self, correlation: bytes) -> Answer:
        with anyio.fail_after(SECONDS):
            while correlation not in self._replies:
                await self._news.wait()
        return self._replies.pop(correlation)

    async def task(self, correlation: bytes) -> messages.TaskReport:
        answer = await self.reply(correlation)
        assert isinstance(answer, messages.TaskReport), answer
        return answer

    async def hello(self, agent: str) -> None:
        said = self.send(messages.Hello(software="test", kind="client", agent=agent))
        welcome = await self.reply(said)
        assert isinstance(welcome, messages.Welcome), welcome
        self._session = welcome.session


@asynccontextmanager
async def wire(place: Place, agent: str, *, count: int = 0) -> AsyncGenerator[Wire, None]:
    """Speak to the broker that serves a place. ``count`` requests were sent before."""
    with Dealer(place.broker().endpoint) as dealer:
        it = Wire(dealer, count)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(dealer.serve, it.hear)
            await it.hello(agent)
            yield it
            tasks.cancel_scope.cancel()
