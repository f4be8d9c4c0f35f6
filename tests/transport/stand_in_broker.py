"""A broker that says what a test wants, and dies when it is told to."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import tempfile
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from anyio.abc import TaskGroup

from signalpost.transport import endpoint, frames, messages, process
from signalpost.transport.errors import SignalpostError
from signalpost.transport.link import Link
from signalpost.transport.reach import LocalReach
from signalpost.transport.sockets import Message, Router

PATIENCE = 10.0
PING = messages.Heartbeat()
EPOCH = bytes(12)
Answer = messages.Reply | messages.Push
Script = Callable[[messages.Request], Answer | None]
WELCOME = messages.Welcome(
    session=b"s" * 12,
    minor=0,
    software="stand-in",
    pid=1,
    settings={},
    heartbeat_seconds=10.0,
    max_request_bytes=frames.MAX_PAYLOAD,
)


def polite(request: messages.Request) -> Answer | None:
    """Welcome everybody and accept everything but runs, which take for ever."""
    match request:
        case messages.Hello():
            return WELCOME
        case messages.RunTask():
            return None
        case _:
            return messages.Accepted()


class StandInBroker:
    """One life: a socket here, and a process whose death clients notice."""

    def __init__(self, folder: Path, number: int, script: Script) -> None:
        self.script = script
        self.heard: list[tuple[bytes, messages.Request]] = []
        self.tokens: list[bytes] = []
        self.identity = b""
        self._news = anyio.Event()
        self._decoder = frames.request_decoder()
        self._process = subprocess.Popen(["sleep", "60"])
        address = f"ipc://{endpoint.run_dir(folder)}/b{number}.sock"
        self.router = Router(address)
        self.published = endpoint.Published(
            endpoint=address,
            epoch=EPOCH.hex(),
            pid=self._process.pid,
            start_time=process.start_time(self._process.pid),
            version="stand-in",
        )
        endpoint.publish(folder, self.published)

    def handle(self, message: Message) -> None:
        head, payload = message.frames
        request = self._decoder.decode(payload)
        self.identity = message.identity
        self.tokens.append(frames.authority_of(head))
        self.heard.append((frames.correlation_of(head), request))
        self._news.set()
        self._news = anyio.Event()
        answer = self.script(request)
        if answer is not None:
            self.say(frames.correlation_of(head), answer)

    def say(self, correlation: bytes, answer: Answer) -> None:
        header = frames.header(EPOCH, correlation)
        self.router.post(self.identity, header, frames.encode(answer))

    async def hears(self, kind: type[messages.Request], count: int = 1) -> bytes:
        """Return the correlation of the ``count``-th request of a kind, once it is here."""
        with anyio.fail_after(PATIENCE):
            while len(found := [c for c, r in self.heard if isinstance(r, kind)]) < count:
                await self._news.wait()
        return found[count - 1]

    def heard_of(self, kind: type[messages.Request]) -> int:
        return sum(isinstance(request, kind) for _, request in self.heard)

    def die(self) -> None:
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        self.router.close()
        self.die()


class Town:
    """A data dir with the lives of its brokers."""

    def __init__(self, folder: Path, tasks: TaskGroup) -> None:
        self.folder = folder
        self.tasks = tasks
        self.brokers: list[StandInBroker] = []
        self._numbers = itertools.count()

    def broker(self, script: Script = polite) -> StandInBroker:
        """Start a broker; it takes the place of the one before."""
        fresh = StandInBroker(self.folder, next(self._numbers), script)
        self.brokers.append(fresh)
        self.tasks.start_soon(fresh.router.serve, fresh.handle)
        return fresh

    def link(self, *, start: bool = False) -> Link:
        """Return a link that is served."""
        hello = messages.Hello(software="test", kind="client")
        link = Link(LocalReach(self.folder), hello, start=start)
        self.tasks.start_soon(link.run)
        return link


@asynccontextmanager
async def town() -> AsyncGenerator[Town, None]:
    """Set up a data dir for the life of a block."""
    folder = Path(tempfile.mkdtemp(prefix="sp", dir="/tmp"))
    endpoint.prepare(folder)
    here: list[StandInBroker] = []
    try:
        async with anyio.create_task_group() as tasks:
            place = Town(folder, tasks)
            here = place.brokers
            yield place
            tasks.cancel_scope.cancel()
    finally:
        for broker in here:
            broker.close()
        shutil.rmtree(folder)


async def fails(run: Link, request: messages.Request = PING) -> SignalpostError:
    """Return the error with which a request ends."""
    with anyio.fail_after(PATIENCE), pytest.raises(SignalpostError) as caught:
        await run.ask(request, deadline=None)
    return caught.value
