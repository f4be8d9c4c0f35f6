"""All posts that can be had here, opened together for one measure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from bench import nats_post, redis_post
from bench.client_post import client_post
from bench.harness import missing
from bench.post import Post, socket_post
from bench.samples import Samples
from bench.usage import metered

SOCKET = "asyncio unix socket relay"
POWER = "signalpost client, durability power"
PROCESS = "signalpost client, durability process"
EVERYSEC = "redis-py, fsync everysec"
ALWAYS = "redis-py, fsync always"
REQUEST = "nats-py, core request"
STREAM = "nats-py, JetStream"
DURABLE = (POWER, PROCESS, ALWAYS, EVERYSEC, STREAM)
"""Those that keep what they confirm."""


class Posts:
    """Opened posts and the event loop that they live in."""

    def __init__(self, bench: str, folder: Path, names: tuple[str, ...] | None = None) -> None:
        self._runner = asyncio.Runner()
        self._opening = _opened(bench, folder, names)
        self.all: dict[str, Post] = {}

    def __enter__(self) -> Self:
        self._runner.__enter__()
        self.all = self._runner.run(self._opening.__aenter__())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._runner.run(_leave(self._opening, kind, error, trace))
        finally:
            self._runner.__exit__(kind, error, trace)

    def join(self, count: int) -> None:
        """Have so many receivers wait at each post."""
        for post in self.all.values():
            self._runner.run(post.join(count))

    def batch(self, name: str, samples: Samples, content: str, numbers: range) -> None:
        """Send one message to each receiver of ``numbers`` and clock it."""
        self._runner.run(_batch(self.all[name], samples, content, numbers))

    def store(self, name: str, content: str, senders: int, count: int) -> float:
        """Send with so many senders at once; return the wall seconds a confirmed message."""
        return self._runner.run(_store(self.all[name], content, senders, count))


async def _leave(
    opening: AbstractAsyncContextManager[object],
    kind: type[BaseException] | None,
    error: BaseException | None,
    trace: TracebackType | None,
) -> None:
    await opening.__aexit__(kind, error, trace)


async def _batch(post: Post, samples: Samples, content: str, numbers: range) -> None:
    with metered(samples, post.pids):
        for number in numbers:
            samples.values.append(await post.once(number, content))


async def _store(post: Post, content: str, senders: int, count: int) -> float:
    clock = asyncio.get_running_loop().time
    began = clock()

    async def send(number: int) -> None:
        for _ in range(count // senders):
            await post.store(number, content)

    await asyncio.gather(*(send(number) for number in range(senders)))
    return (clock() - began) / count


@asynccontextmanager
async def _opened(
    bench: str, folder: Path, names: tuple[str, ...] | None
) -> AsyncGenerator[dict[str, Post], None]:
    absent = {EVERYSEC: redis_post.lacking(), REQUEST: nats_post.lacking()}
    for lacking in absent.values():
        if lacking:
            missing(bench, lacking)
    absent |= {ALWAYS: absent[EVERYSEC], STREAM: absent[REQUEST]}
    async with AsyncExitStack() as stack:
        found: dict[str, Post] = {}
        for name, opener in _openers(folder).items():
            if (names is None or name in names) and not absent.get(name):
                found[name] = await stack.enter_async_context(opener())
        yield found


def _openers(folder: Path) -> dict[str, Callable[[], AbstractAsyncContextManager[Post]]]:
    return {
        SOCKET: lambda: socket_post(folder),
        POWER: lambda: client_post(folder / "power", "power"),
        PROCESS: lambda: client_post(folder / "process", "process"),
        EVERYSEC: lambda: redis_post.redis_post(folder / "everysec", "everysec"),
        ALWAYS: lambda: redis_post.redis_post(folder / "always", "always"),
        REQUEST: lambda: nats_post.nats_post(folder / "nats", stream=False),
        STREAM: lambda: nats_post.nats_post(folder / "stream", stream=True),
    }
