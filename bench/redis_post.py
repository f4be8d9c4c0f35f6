"""Redis lists with redis-py's asyncio client, which is what gptqueue does: LPUSH and BLPOP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from bench import peers
from bench.post import Arrivals


class RedisPost:
    """Every receiver and every sender has a connection of its own, as a process would."""

    def __init__(self, path: Path, pid: int) -> None:
        self.pids = {"redis": pid}
        self._path = path
        self._arrivals = Arrivals()
        self._receivers: list[Any] = []
        self._senders: list[Any] = []

    def client(self) -> Any:  # noqa: ANN401  # redis is not there for type checkers
        """Return a client of one connection."""
        redis = peers.module("redis.asyncio")
        assert redis is not None
        return redis.Redis(unix_socket_path=str(self._path), single_connection_client=True)

    def sender(self, number: int) -> Any:  # noqa: ANN401
        """Return the sender of a number."""
        while len(self._senders) <= number:
            self._senders.append(self.client())
        return self._senders[number]

    async def join(self, count: int) -> None:
        """Have receivers block in BLPOP."""
        for number in range(self._arrivals.count, count):
            client = self.client()
            self._receivers.append(client)
            self._arrivals.add(partial(client.blpop, [f"inbox:{number}"], 0))
        await asyncio.sleep(0.1)
        await self.sender(0).ping()

    async def once(self, number: int, content: str) -> float:
        """Push and wait for the pop."""
        sender = self.sender(0)
        return await self._arrivals.clock(
            number, sender.ping(), lambda: sender.lpush(f"inbox:{number}", content)
        )

    async def store(self, number: int, content: str) -> None:
        """Push to a list that nobody pops from."""
        await self.sender(number).lpush(f"kept:{number}", content)

    async def leave(self) -> None:
        """Close all, forget all."""
        await self._arrivals.end()
        await self.sender(0).flushall()
        for client in (*self._receivers, *self._senders):
            await client.aclose()
        self._receivers.clear()
        self._senders.clear()


@asynccontextmanager
async def redis_post(folder: Path, fsync: str) -> AsyncGenerator[RedisPost, None]:
    """Run a Redis with an append-only file in ``folder``.

    :param fsync: ``everysec`` or ``always``
    """
    folder.mkdir()
    path, program = folder / "redis.sock", peers.find("redis-server")
    assert program is not None
    settings = ["--port", "0", "--unixsocket", str(path), "--dir", str(folder), "--save", ""]
    kept = ["--appendonly", "yes", "--appendfsync", fsync]
    with peers.running(program, *settings, *kept) as pid:
        while not path.exists():
            await asyncio.sleep(0.01)
        post = RedisPost(path, pid)
        try:
            yield post
        finally:
            await post.leave()


def lacking() -> str:
    """Return what of it is not installed, or an empty text."""
    absent = [] if peers.find("redis-server") else ["redis-server"]
    return ", ".join([*absent, *([] if peers.module("redis.asyncio") else ["redis (Python)"])])
