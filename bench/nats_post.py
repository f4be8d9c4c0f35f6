"""NATS with nats-py: a core request, and JetStream on disk (which does not sync each message)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from bench import peers
from bench.post import Arrivals, Post


class NatsPost:
    """Every receiver has a connection of its own."""

    def __init__(self, url: str, pid: int, *, stream: bool) -> None:
        self.pids = {"nats": pid}
        self._url = url
        self._stream = stream
        self._arrivals = Arrivals()
        self._clients: list[Any] = []

    async def _client(self) -> Any:  # noqa: ANN401  # nats is not there for type checkers
        nats = peers.module("nats")
        assert nats is not None
        self._clients.append(await nats.connect(self._url))
        return self._clients[-1]

    async def join(self, count: int) -> None:
        """Subscribe; with a stream, one durable pull consumer for each receiver."""
        if not self._clients:
            await self._client()
            if self._stream:
                subjects = ["inbox.*", "kept.*"]
                await self._clients[0].jetstream().add_stream(name="post", subjects=subjects)
        for number in range(self._arrivals.count, count):
            client = await self._client()
            if self._stream:
                pull = await client.jetstream().pull_subscribe(f"inbox.{number}", f"r{number}")
                self._arrivals.add(partial(_fetch, pull))
            else:
                subscription = await client.subscribe(f"inbox.{number}")
                self._arrivals.add(partial(_answer, subscription))
            await client.flush()

    async def once(self, number: int, content: str) -> float:
        """Send as a request or into the stream, and wait for the arrival."""
        sender, subject = self._clients[0], f"inbox.{number}"
        receiver = self._clients[number + 1]
        if self._stream:
            jetstream = sender.jetstream()
            return await self._arrivals.clock(
                number, receiver.flush(), lambda: jetstream.publish(subject, content.encode())
            )
        return await self._arrivals.clock(
            number, receiver.flush(), lambda: sender.request(subject, content.encode(), timeout=10)
        )

    async def store(self, number: int, content: str) -> None:
        """Publish into the stream and wait for its word."""
        while len(self._clients) <= number:
            await self._client()
        stream = self._clients[number].jetstream()
        await stream.publish(f"kept.{number}", content.encode())

    async def leave(self) -> None:
        """Close all, forget all."""
        await self._arrivals.end()
        if self._stream and self._clients:
            await self._clients[0].jetstream().delete_stream("post")
        for client in self._clients:
            await client.close()
        self._clients.clear()


async def _fetch(pull: Any) -> None:  # noqa: ANN401
    [message] = await pull.fetch(1, timeout=600)
    await message.ack()


async def _answer(subscription: Any) -> None:  # noqa: ANN401
    message = await subscription.next_msg(timeout=None)
    await message.respond(b"")


@asynccontextmanager
async def nats_post(folder: Path, *, stream: bool) -> AsyncGenerator[Post, None]:
    """Run a NATS server that listens on a port of its own choice."""
    folder.mkdir()
    program = peers.find("nats-server")
    assert program is not None
    words = ["--addr", "127.0.0.1", "--port", "-1", "--ports_file_dir", str(folder)]
    with peers.running(program, *words, *(["-js", "-sd", str(folder)] if stream else [])) as pid:
        url = await _url(folder)
        post = NatsPost(url, pid, stream=stream)
        try:
            yield post
        finally:
            await post.leave()


async def _url(folder: Path) -> str:
    import json

    while True:
        for path in folder.glob("*.ports"):
            said = path.read_text()
            if said.rstrip().endswith("}"):
                [url] = json.loads(said)["nats"]
                return str(url)
        await asyncio.sleep(0.01)


def lacking() -> str:
    """Return what of it is not installed, or an empty text."""
    absent = [] if peers.find("nats-server") else ["nats-server"]
    return ", ".join([*absent, *([] if peers.module("nats") else ["nats-py (Python)"])])
