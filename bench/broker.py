"""A broker under measurement: started, asked by bare DEALERs, weighed, stopped."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import zmq

from bench.latency import Inbox
from bench.peer import Context, Peer
from bench.peers import serving
from bench.samples import Samples
from bench.usage import MIB, memory_of, metered
from signalpost.transport import endpoint, frames, mail

_TOGETHER = 100
_PAYLOAD = frames.encode_request(mail.Send(to=["receiver"], content="x" * 1024))


class Broker:
    """One life of a broker."""

    def __init__(self, context: Context, data_dir: Path, pid: int) -> None:
        published = endpoint.read_published(data_dir)
        assert published is not None
        self.pid = pid
        self.address = published.endpoint
        self._context = context

    def peer(self, agent: str) -> Peer:
        """Return a connection that has said hello."""
        peer = Peer(self._context, self.address)
        peer.hello(agent)
        return peer

    def inboxes(self, numbers: range) -> None:
        """Have agents come and go: each leaves an idle inbox."""
        for start in range(numbers.start, numbers.stop, _TOGETHER):
            some = range(start, min(start + _TOGETHER, numbers.stop))
            self._come_and_go([f"agent-{number}" for number in some])

    def crowd(self) -> None:
        """Have as many come and go as :meth:`inboxes` lets come at once, but no agents."""
        self._come_and_go([""] * _TOGETHER)

    def post(self, numbers: range, content: str) -> None:
        """Send a message to each of these agents."""
        sender = self.peer("sender")
        for number in numbers:
            sent = sender.ask(mail.Send(to=[f"agent-{number}"], content=content))
            assert isinstance(sent, mail.Sent), sent
        sender.leave()

    def _come_and_go(self, agents: list[str]) -> None:
        peers = [Peer(self._context, self.address) for _ in agents]
        for peer, agent in zip(peers, agents, strict=True):
            peer.knock(agent)
        for peer in peers:
            peer.enter()
        for peer in peers:  # who says no bye is waited for, and is not gone for 30 s
            peer.leave()

    def latency(self, samples: Samples, count: int) -> None:
        """Add what messages of 1 KiB take to a receiver that waits."""
        inbox = Inbox(self._context, self.address, self.pid)
        for _ in range(10):
            inbox.once(_PAYLOAD)
        with metered(samples, {"broker": self.pid}):
            samples.values += [inbox.once(_PAYLOAD) for _ in range(count)]

    def uss(self) -> float:
        """Return what it alone has in memory, in bytes."""
        return memory_of([self.pid]).uss * MIB


@contextmanager
def broker(context: Context, data_dir: Path, *words: str) -> Generator[Broker, None, None]:
    """Run a broker for the life of a block."""
    options = ["--data-dir", str(data_dir), "--durability", "process", *words]
    with serving("-m", "signalpost", "broker", "--auto", *options) as pid:
        yield Broker(context, data_dir, pid)


@contextmanager
def many_sockets() -> Generator[Context, None, None]:
    """Yield a context for thousands of connections."""
    context: Context = zmq.Context()
    context.set(zmq.MAX_SOCKETS, 16_384)
    try:
        yield context
    finally:
        context.destroy()


def settle(seconds: float = 1.0) -> None:
    """Give what goes on beside time to end."""
    time.sleep(seconds)
