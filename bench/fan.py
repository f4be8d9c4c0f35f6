"""One to many and many to one: fan-in, fan-out and broadcast with 100 agents, 1 KiB.

Fan-out names the receivers one by one in one request, a broadcast says ``*``;
both are done when all receivers, who wait, have their copy. Fan-in is one
message from each of 100 senders into one inbox, confirmed. Redis does a fan-out
by a pipeline of pushes. Figures are per copy.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import zmq

from bench import redis_post
from bench.harness import interleave, missing, show
from bench.peer import Context, Peer
from bench.peers import serving
from bench.redis_post import RedisPost
from bench.samples import Samples
from bench.usage import metered
from signalpost.transport import endpoint, mail

AGENTS = 100
ROUNDS = 15
CONTENT = "x" * 1024
FSYNC = ("always", "everysec")


class Ours:
    """The broker, 100 agents as bare DEALERs, and one that writes to them."""

    def __init__(self, context: Context, address: str, pid: int) -> None:
        self.pids = {"broker": pid}
        self._agents: list[Peer] = []
        for number in range(AGENTS):
            peer = Peer(context, address)
            peer.hello(f"agent-{number}")
            self._agents.append(peer)
        self._boss = Peer(context, address)
        self._boss.hello("boss")

    def out(self, to: list[str]) -> float:
        """Return the seconds a copy until all that wait have theirs."""
        for peer in self._agents:
            peer.park()
        began = time.perf_counter()
        self._boss.send(mail.Send(to=to, content=CONTENT))
        delivered = [peer.hear() for peer in self._agents]
        took = time.perf_counter() - began
        assert isinstance(self._boss.hear(), mail.Sent)
        for peer, found in zip(self._agents, delivered, strict=True):
            assert isinstance(found, mail.Deliveries)
            peer.acknowledge(found)
        return took / AGENTS

    def into(self) -> float:
        """Return the seconds a message from each agent to one inbox, confirmed."""
        began = time.perf_counter()
        for peer in self._agents:
            peer.send(mail.Send(to=["boss"], content=CONTENT))
        for peer in self._agents:
            assert isinstance(peer.hear(), mail.Sent)
        took = time.perf_counter() - began
        while True:
            found = self._boss.ask(mail.Receive(wait_seconds=0, max_messages=32))
            assert isinstance(found, mail.Deliveries)
            if not found.messages:
                return took / AGENTS
            self._boss.acknowledge(found)


class Theirs:
    """Redis with as many connections."""

    def __init__(self, post: RedisPost) -> None:
        self.pids = post.pids
        self._agents = [post.client() for _ in range(AGENTS)]
        self._boss = post.client()

    async def out(self) -> float:
        """Return the seconds a copy until all that wait have theirs."""
        pops = [
            asyncio.ensure_future(agent.blpop([f"inbox:{number}"], 0))
            for number, agent in enumerate(self._agents)
        ]
        await asyncio.sleep(0.02)
        await self._boss.ping()
        began = time.perf_counter()
        pipeline = self._boss.pipeline(transaction=False)
        for number in range(AGENTS):
            pipeline.lpush(f"inbox:{number}", CONTENT)
        await asyncio.gather(pipeline.execute(), *pops)
        return (time.perf_counter() - began) / AGENTS

    async def into(self) -> float:
        """Return the seconds a message from each agent to one list, confirmed."""
        began = time.perf_counter()
        await asyncio.gather(*(agent.lpush("inbox:boss", CONTENT) for agent in self._agents))
        took = time.perf_counter() - began
        await self._boss.delete("inbox:boss")
        return took / AGENTS

    async def leave(self) -> None:
        """Close all."""
        for client in (self._boss, *self._agents):
            await client.aclose()


def main() -> None:
    """Measure each direction, interleaved."""
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir="/var/tmp"))
    context: Context = zmq.Context()
    try:
        with ExitStack() as stack:
            ours = {name: _ours(stack, context, folder / name) for name in ("power", "process")}
            runner = stack.enter_context(asyncio.Runner())
            if lacking := redis_post.lacking():
                missing("fan", lacking)
                theirs: dict[str, Theirs] = {}
            else:
                theirs = {name: _theirs(stack, runner, folder, name) for name in FSYNC}
            for direction in ("fan-out", "broadcast", "fan-in"):
                _measure(direction, ours, runner, theirs)
    finally:
        context.destroy()
        shutil.rmtree(folder)


def _theirs(stack: ExitStack, runner: asyncio.Runner, folder: Path, fsync: str) -> Theirs:
    opening = redis_post.redis_post(folder / fsync, fsync)

    async def opened() -> Theirs:
        return Theirs(await opening.__aenter__())

    async def closed() -> None:
        await opening.__aexit__(None, None, None)

    side = runner.run(opened())
    stack.callback(lambda: runner.run(closed()))
    stack.callback(lambda: runner.run(side.leave()))
    return side


def _measure(
    direction: str, ours: dict[str, Ours], runner: asyncio.Runner, theirs: dict[str, Theirs]
) -> None:
    to = [f"agent-{number}" for number in range(AGENTS)] if direction == "fan-out" else ["*"]
    into = direction == "fan-in"
    turns: dict[str, tuple[Callable[[], float], dict[str, int]]] = {}
    for name, side in ours.items():
        turn = side.into if into else partial(side.out, to)
        turns[f"broker, durability {name}"] = (turn, side.pids)
    for name, other in theirs.items():
        coroutine = other.into if into else other.out
        turns[f"redis-py, fsync {name}"] = (partial(_run, runner, coroutine), other.pids)
    samples = {name: Samples(name) for name in turns}

    def once(name: str) -> None:
        turn, pids = turns[name]
        with metered(samples[name], pids):
            samples[name].values.append(turn())
        samples[name].metered += AGENTS - 1

    for name in turns:
        once(name)
        samples[name].clear()
    interleave(ROUNDS, [partial(once, name) for name in turns], direction)
    show(f"fan: {direction}, per copy", "microseconds", 1e6, [*samples.values()])


def _run(runner: asyncio.Runner, coroutine: Callable[[], Coroutine[None, None, float]]) -> float:
    return runner.run(coroutine())


def _ours(stack: ExitStack, context: Context, data_dir: Path) -> Ours:
    words = ["broker", "--auto", "--data-dir", str(data_dir), "--durability", data_dir.name]
    pid = stack.enter_context(serving("-m", "signalpost", *words))
    published = endpoint.read_published(data_dir)
    assert published is not None
    return Ours(context, published.endpoint, pid)
