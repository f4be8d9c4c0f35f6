"""Signalpost as a Python program uses it: one client for each agent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import signalpost
from bench import peers
from bench.post import Arrivals, Post


class ClientPost:
    """Every receiver and every sender is a client of its own."""

    def __init__(self, data_dir: Path, pid: int) -> None:
        self.pids = {"broker": pid}
        self._data_dir = data_dir
        self._arrivals = Arrivals()
        self._left = asyncio.Event()
        self._lives: list[asyncio.Task[None]] = []
        self._receivers: list[signalpost.Client] = []
        self._senders: list[signalpost.Client] = []
        self._making_senders = asyncio.Lock()  # else two at once would have one name

    async def _client(self, agent: str) -> signalpost.Client:
        # A life of its own: a connection has to be closed by the task that opened it.
        connected: asyncio.Future[signalpost.Client] = asyncio.get_running_loop().create_future()
        life = asyncio.create_task(self._live(agent, connected))
        self._lives.append(life)
        life.add_done_callback(lambda ended: _tell(ended, connected))
        return await connected

    async def _live(self, agent: str, connected: asyncio.Future[signalpost.Client]) -> None:
        async with signalpost.connect(agent, data_dir=self._data_dir, start=False) as client:
            connected.set_result(client)
            await self._left.wait()

    async def join(self, count: int) -> None:
        """Have receivers wait in take, and acknowledge with the next one."""
        if not self._senders:
            self._senders.append(await self._client("sender"))
        for number in range(self._arrivals.count, count):
            client = await self._client(f"receiver-{number}")
            self._receivers.append(client)
            self._arrivals.add(_Taking(client))

    async def once(self, number: int, content: str) -> float:
        """Send and wait for the delivery."""
        sender, receiver = self._senders[0], self._receivers[number]
        return await self._arrivals.clock(
            number, receiver.ping(), lambda: sender.send(f"receiver-{number}", content)
        )

    async def store(self, number: int, content: str) -> None:
        """Send to oneself: an inbox of one's own is never full of others' mail."""
        async with self._making_senders:
            while len(self._senders) <= number:
                self._senders.append(await self._client(f"keeper-{len(self._senders)}"))
        sender = self._senders[number]
        await sender.send(sender.agent, content)

    async def leave(self) -> None:
        """Close all."""
        await self._arrivals.end()
        self._left.set()
        await asyncio.gather(*self._lives)
        self._lives.clear()
        self._left = asyncio.Event()
        self._senders.clear()
        self._receivers.clear()


def _tell(ended: asyncio.Task[None], connected: asyncio.Future[signalpost.Client]) -> None:
    """Tell who waits for a connection why there will be none."""
    error = ended.exception()
    if error is not None and not connected.done():
        connected.set_exception(error)


class _Taking:
    """Acknowledges what it has with the request for the next."""

    def __init__(self, client: signalpost.Client) -> None:
        self._client = client
        self._held: list[signalpost.Held] = []

    async def __call__(self) -> None:
        taken = await self._client.take(wait_seconds=None, acknowledge=self._held)
        self._held = [signalpost.Held(m.id, m.lease) for m in taken.messages]


@asynccontextmanager
async def client_post(folder: Path, durability: str) -> AsyncGenerator[Post, None]:
    """Run a broker in ``folder``."""
    words = ["broker", "--auto", "--data-dir", str(folder), "--durability", durability]
    with peers.serving("-m", "signalpost", *words, "--inbox-bound", "100000") as pid:
        post = ClientPost(folder, pid)
        try:
            yield post
        finally:
            await post.leave()
