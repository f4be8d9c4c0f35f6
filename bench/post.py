"""Posts that messages go through, as a Python program uses them: asyncio, a receiver that waits.

The clock of a message runs from the sender's send to the moment at which the
receiver's await returns; the waiting receivers are known to the server before
it starts. ``store`` sends one message and returns when the post has confirmed
it; nobody waits for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Protocol

from bench import peers

# A frame is its length, the receiver's number, the content. Length 0: I am that receiver.
_RELAY = """
import asyncio, struct, sys
receivers = {}
async def serve(reader, writer):
    while True:
        head = await reader.readexactly(6)
        length, number = struct.unpack("!IH", head)
        if length:
            receivers[number].write(head + await reader.readexactly(length))
        else:
            receivers[number] = writer
            writer.write(head)
async def main():
    server = await asyncio.start_unix_server(serve, sys.argv[1], limit=1 << 20)
    print("ready", flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


class Post(Protocol):
    """One server with its receivers, numbered from 0, and a sender."""

    @property
    def pids(self) -> dict[str, int]:
        """The processes that serve, by name."""
        ...

    async def join(self, count: int) -> None:
        """Have so many receivers wait for mail."""
        ...

    async def once(self, number: int, content: str) -> float:
        """Return the seconds that one message takes to a receiver."""
        ...

    async def store(self, number: int, content: str) -> None:
        """Send by the sender of a number what nobody receives now; return when confirmed."""
        ...

    async def leave(self) -> None:
        """Let go of every connection and of what was stored."""
        ...


class Arrivals:
    """Receivers that wait for ever, each in a task of its own, and stamp what they get."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []
        self._arrived: list[asyncio.Future[float]] = []

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._tasks)

    def add(self, take: Callable[[], Awaitable[object]]) -> None:
        """Add a receiver that takes one message at each call."""
        number = len(self._tasks)
        self._arrived.append(asyncio.get_running_loop().create_future())
        self._tasks.append(asyncio.create_task(self._receive(number, take)))

    async def _receive(self, number: int, take: Callable[[], Awaitable[object]]) -> None:
        while True:
            await take()
            arrived = time.perf_counter()
            if not self._arrived[number].done():
                self._arrived[number].set_result(arrived)

    async def clock(
        self, number: int, waiting: Awaitable[object], send: Callable[[], Awaitable[object]]
    ) -> float:
        """Return the seconds from a send to its arrival.

        :param waiting: what tells, when done, that the server knows of the receiver
        """
        self._arrived[number] = asyncio.get_running_loop().create_future()
        await asyncio.sleep(0)
        await waiting
        began = time.perf_counter()
        confirmed = asyncio.ensure_future(send())
        try:
            return await asyncio.wait_for(self._arrived[number], 30) - began
        finally:
            await confirmed

    async def end(self) -> None:
        """Cancel all."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        self._arrived.clear()


class SocketPost:
    """The least that asyncio can do: streams over a unix socket, and nothing kept."""

    def __init__(self, path: Path, pid: int) -> None:
        self.pids = {"relay": pid}
        self._path = path
        self._arrivals = Arrivals()
        self._writers: list[asyncio.StreamWriter] = []

    async def join(self, count: int) -> None:
        """Connect the sender, then the receivers."""
        if not self._writers:
            await self._connect()
        for number in range(self._arrivals.count, count):
            reader, writer = await self._connect()
            writer.write(_head(0, number))
            await reader.readexactly(6)
            self._arrivals.add(partial(_frame, reader))

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_unix_connection(self._path, limit=1 << 20)
        self._writers.append(writer)
        return reader, writer

    async def once(self, number: int, content: str) -> float:
        """Send and wait for the arrival."""
        return await self._arrivals.clock(
            number, asyncio.sleep(0), lambda: self.store(number, content)
        )

    async def store(self, number: int, content: str) -> None:
        """Write; there is no confirmation."""
        payload = content.encode()
        self._writers[0].write(_head(len(payload), number) + payload)
        await self._writers[0].drain()

    async def leave(self) -> None:
        """Close all."""
        await self._arrivals.end()
        for writer in self._writers:
            writer.close()
        self._writers.clear()


def _head(length: int, number: int) -> bytes:
    return length.to_bytes(4, "big") + number.to_bytes(2, "big")


async def _frame(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(6)
    return await reader.readexactly(int.from_bytes(head[:4], "big"))


@asynccontextmanager
async def socket_post(folder: Path) -> AsyncGenerator[Post, None]:
    """Serve a relay over a unix socket."""
    path = folder / "relay.sock"
    with peers.serving("-c", _RELAY, str(path)) as pid:
        post = SocketPost(path, pid)
        try:
            yield post
        finally:
            await post.leave()
