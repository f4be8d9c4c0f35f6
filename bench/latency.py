"""A message from its sender to a receiver that waits, by size.

The first five rows are used by the same bare DEALERs with frames of the same
size: a relay that does nothing else, the *floor* and the *least* (see
:mod:`bench.floor` and :mod:`bench.least`) and the broker. The others are used by
a Python program through asyncio, each by its own client library. The clock runs
from the sender's send to the receiver's receive; what has to be done for the
next round, the acknowledgement among it, is outside the clock but within the
CPU time.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import zmq

from bench.harness import interleave, show
from bench.peer import Context, Peer
from bench.peers import serving
from bench.posts import Posts
from bench.samples import Samples
from bench.usage import metered
from signalpost.transport import endpoint, frames, mail

ROUNDS = 8
MESSAGES = 50
SIZES = (64, 1024, 16 * 1024, 64 * 1024)

# What one peer sends goes to the other, the one that has said so.
_RELAY = """
import sys, zmq
context = zmq.Context()
router = context.socket(zmq.ROUTER)
router.router_mandatory = 1
router.linger = 0
router.bind(sys.argv[1])
print("ready", flush=True)
receiver = None
while True:
    peer, header, payload = router.recv_multipart()
    if payload == b"receiver":
        receiver = peer
    else:
        router.send_multipart((receiver, header, payload))
"""


class Relay:
    """Two DEALERs and nothing but a ROUTER between them."""

    def __init__(self, context: Context, address: str, pid: int) -> None:
        self.pid = pid
        self._sender, self._receiver = Peer(context, address), Peer(context, address)
        self._receiver.send_raw(b"receiver")
        time.sleep(0.1)  # it does not answer, so there is nothing to wait for

    def once(self, payload: bytes) -> float:
        """Return the seconds that one message takes."""
        began = time.perf_counter()
        self._sender.send_raw(payload)
        self._receiver.socket.recv_multipart()
        return time.perf_counter() - began


class Inbox:
    """A sender and a receiver at the broker."""

    def __init__(self, context: Context, address: str, pid: int) -> None:
        self.pid = pid
        self._sender, self._receiver = Peer(context, address), Peer(context, address)
        self._sender.hello("sender")
        self._receiver.hello("receiver")

    def once(self, payload: bytes) -> float:
        """Return the seconds that one message takes to a receiver that waits."""
        self._receiver.park()
        began = time.perf_counter()
        self._sender.send_raw(payload)
        frame = self._receiver.socket.recv_multipart()[1]
        took = time.perf_counter() - began
        assert isinstance(self._sender.hear(), mail.Sent)
        delivered = frames.answer_decoder().decode(frame)
        assert isinstance(delivered, mail.Deliveries)
        self._receiver.acknowledge(delivered)
        return took


def main() -> None:
    """Measure every size, interleaved."""
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir="/var/tmp"))  # a disk, not memory
    context: Context = zmq.Context()
    try:
        with ExitStack() as stack:
            bare = _bare(stack, context, folder)
            posts = stack.enter_context(Posts("latency", folder))
            posts.join(1)
            for size in SIZES:
                _measure(bare, posts, size)
    finally:
        context.destroy()
        shutil.rmtree(folder)


def _bare(stack: ExitStack, context: Context, folder: Path) -> dict[str, Relay | Inbox]:
    address = f"ipc://{folder}/bare.sock"
    pid = stack.enter_context(serving("-c", _RELAY, address))
    sides: dict[str, Relay | Inbox] = {"bare relay": Relay(context, address, pid)}
    pid = stack.enter_context(serving("-m", "bench.floor", f"{folder}/floor.sock"))
    sides["floor: our socket and codec"] = Inbox(context, f"ipc://{folder}/floor.sock", pid)
    (folder / "least").mkdir()
    words = ["-m", "bench.least", f"{folder}/least.sock", f"{folder}/least"]
    pid = stack.enter_context(serving(*words))
    sides["least: and what the promise needs"] = Inbox(context, f"ipc://{folder}/least.sock", pid)
    for durability in ("power", "process"):
        data_dir = folder / f"bare-{durability}"
        words = ["broker", "--auto", "--data-dir", str(data_dir), "--durability", durability]
        pid = stack.enter_context(serving("-m", "signalpost", *words))
        published = endpoint.read_published(data_dir)
        assert published is not None
        sides[f"broker, durability {durability}"] = Inbox(context, published.endpoint, pid)
    return sides


def _measure(bare: dict[str, Relay | Inbox], posts: Posts, size: int) -> None:
    content = "x" * size
    payload = frames.encode_request(mail.Send(to=["receiver"], content=content))
    samples = {name: Samples(name) for name in (*bare, *posts.all)}

    def some(name: str) -> None:
        if name in posts.all:
            for _ in range(MESSAGES):
                posts.batch(name, samples[name], content, range(1))
            return
        with metered(samples[name], {"server": bare[name].pid}):
            for _ in range(MESSAGES):
                samples[name].values.append(bare[name].once(payload))

    for name, side in samples.items():
        some(name)
        side.clear()
    turns = [partial(some, name) for name in samples]
    interleave(ROUNDS, turns, f"latency, {size} bytes")
    shown = list(samples.values())
    show(f"latency: {size} bytes", "microseconds", 1e6, shown, ("message size in bytes", size))
