"""A message to one of many receivers that all wait: 1, 10, 100 and 1,000 agents.

1 KiB from one sender to each receiver in turn, by asyncio clients, each receiver
with a connection of its own. The broker is also asked by bare DEALERs, beside
which a program's own client costs nothing.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import zmq

from bench.harness import interleave, note, show
from bench.peer import Context, Peer
from bench.peers import serving
from bench.posts import EVERYSEC, PROCESS, REQUEST, SOCKET, Posts
from bench.samples import Samples, growth
from bench.usage import metered
from signalpost.transport import endpoint, frames, mail

AGENTS = (1, 10, 100, 1000)
ROUNDS = 6
MESSAGES = 50
"""In one round, to as many different receivers as there are."""
CONTENT = "x" * 1024
BARE = "broker, bare DEALERs"


class Crowd:
    """Bare receivers at the broker, all parked, and a sender."""

    def __init__(self, context: Context, address: str, pid: int) -> None:
        self._context = context
        self._address = address
        self._pid = pid
        self._receivers: list[Peer] = []
        self._sender = Peer(context, address)
        self._sender.hello("sender")

    def join(self, count: int) -> None:
        """Park receivers."""
        while len(self._receivers) < count:
            peer = Peer(self._context, self._address)
            peer.hello(f"receiver-{len(self._receivers)}")
            peer.park()
            self._receivers.append(peer)

    def batch(self, samples: Samples, numbers: range) -> None:
        """Send to each receiver, and park it again outside the clock."""
        with metered(samples, {"broker": self._pid}):
            for number in numbers:
                samples.values.append(self._once(number))

    def _once(self, number: int) -> float:
        receiver = self._receivers[number]
        payload = frames.encode_request(mail.Send(to=[f"receiver-{number}"], content=CONTENT))
        began = time.perf_counter()
        self._sender.send_raw(payload)
        delivered = receiver.hear()
        took = time.perf_counter() - began
        assert isinstance(self._sender.hear(), mail.Sent)
        assert isinstance(delivered, mail.Deliveries)
        receiver.acknowledge(delivered)
        receiver.park()
        return took


def main() -> None:
    """Measure every number of agents, interleaved."""
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir="/var/tmp"))
    context: Context = zmq.Context()
    context.set(zmq.MAX_SOCKETS, 4096)
    points: dict[str, list[tuple[float, float]]] = {}
    try:
        with ExitStack() as stack:
            names = (SOCKET, PROCESS, EVERYSEC, REQUEST)
            posts = stack.enter_context(Posts("crowd", folder, names))
            crowd = _crowd(stack, context, folder / "bare")
            for agents in AGENTS:
                _measure(posts, crowd, agents, points)
    finally:
        context.destroy()
        shutil.rmtree(folder)
    for name, curve in points.items():
        note("crowd: growth", f"{name}: {growth(curve)} agents")


def _crowd(stack: ExitStack, context: Context, data_dir: Path) -> Crowd:
    words = ["broker", "--auto", "--data-dir", str(data_dir), "--durability", "process"]
    pid = stack.enter_context(serving("-m", "signalpost", *words))
    published = endpoint.read_published(data_dir)
    assert published is not None
    return Crowd(context, published.endpoint, pid)


def _measure(
    posts: Posts, crowd: Crowd, agents: int, points: dict[str, list[tuple[float, float]]]
) -> None:
    posts.join(agents)
    crowd.join(agents)
    samples = {name: Samples(name) for name in (SOCKET, BARE, *posts.all)}

    def some(name: str, place: int) -> None:
        for start in range(MESSAGES):
            at = (place * MESSAGES + start) % agents
            if name == BARE:
                crowd.batch(samples[name], range(at, at + 1))
            else:
                posts.batch(name, samples[name], CONTENT, range(at, at + 1))

    for name, side in samples.items():
        some(name, 0)
        side.clear()
    rounds = dict.fromkeys(samples, 0)
    interleave(ROUNDS, [_next(some, name, rounds) for name in samples], f"{agents} agents")
    at = ("agents", float(agents))
    show(f"crowd: {agents} agents", "microseconds", 1e6, list(samples.values()), at)
    for name, side in samples.items():
        points.setdefault(name, []).append((agents, side.percentile(50)))


def _next(
    some: Callable[[str, int], None], name: str, rounds: dict[str, int]
) -> Callable[[], None]:
    def turn() -> None:
        rounds[name] += 1
        some(name, rounds[name])

    return turn
