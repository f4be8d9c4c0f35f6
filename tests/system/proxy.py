"""A bad line: stands between clients of this process and the broker's socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio

from signalpost.transport import endpoint
from signalpost.transport.client import Client, Identity
from signalpost.transport.reach import LocalReach
from signalpost.transport.sockets import Dealer
from tests.system.place import Place

_MOST = 65536


class Proxy:
    """Passes bytes on until told otherwise. Use :func:`proxy`."""

    def __init__(self, place: Place) -> None:
        self.path = place.folder / "proxy.sock"
        self.delay = 0.0
        self.half_open = False
        """What comes is taken and goes nowhere, on the connections that there are."""
        self.connections = 0
        self._place = place
        self._cut = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._deaf: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()

    def cut_in_mid_frame(self) -> None:
        """Of what comes next, pass half on; then reset everything."""
        self._cut = True

    def go_deaf(self) -> None:
        """Have the connections that there are stay open and carry nothing."""
        self._deaf |= self._writers

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        path = self._place.broker().endpoint.removeprefix("ipc://")
        up_reader, up_writer = await asyncio.open_unix_connection(path)
        self._writers |= {writer, up_writer}
        for source, target in ((reader, up_writer), (up_reader, writer)):
            pump = asyncio.create_task(self._pump(source, target))
            self._pumps.add(pump)

    async def close(self) -> None:
        self._reset()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await source.read(_MOST):
                if self.delay:
                    await anyio.sleep(self.delay)
                if target in self._deaf:
                    continue
                if self._cut:
                    target.write(data[: len(data) // 2])
                    await target.drain()
                    self._reset()
                target.write(data)
                await target.drain()
        target.close()

    def _reset(self) -> None:
        self._cut = False
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()


class _Reach(LocalReach):
    def __init__(self, place: Place, proxy: Proxy) -> None:
        super().__init__(place.state, place.options)
        self._path: Path = proxy.path

    def connect(self, published: endpoint.Published) -> Dealer:
        return Dealer(f"ipc://{self._path}")


@asynccontextmanager
async def proxy(place: Place) -> AsyncGenerator[Proxy, None]:
    """Stand before the broker of a place."""
    it = Proxy(place)
    server = await asyncio.start_unix_server(it.accept, it.path)
    try:
        yield it
    finally:
        server.close()
        await it.close()


@asynccontextmanager
async def behind(place: Place, line: Proxy, agent: str) -> AsyncGenerator[Client, None]:
    """Open a client that speaks through the proxy."""
    client = Client(Identity(agent=agent), data_dir=place.state, reach=_Reach(place, line))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.run)
        await client.ping()
        yield client
        await client.close()
        tasks.cancel_scope.cancel()
