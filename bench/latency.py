"""A message from its sender to a receiver that waits: a bare relay against the broker.

Both are used by the same bare DEALERs with frames of the same size. The clock
runs from the sender's send to the receiver's receive; what has to be done for
the next round, the acknowledgement among it, is outside.

Between the two stands the *floor*, see :mod:`bench.floor`.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import zmq

from bench.harness import interleave, show
from bench.samples import Samples
from bench.peer import Context, Peer
from bench.peers import serving
from signalpost.transport import endpoint, frames, mail

ROUNDS = 10
MESSAGES = 100
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

    def __init__(self, context: Context, address: str) -> None:
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

    def __init__(self, context: Context, address: str) -> None:
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
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir="/tmp"))
    context: Context = zmq.Context()
    try:
        with ExitStack() as stack:
            sides = _sides(stack, context, folder)
            for size in SIZES:
                _measure(sides, size)
    finally:
        context.destroy()
        shutil.rmtree(folder)


def _sides(stack: ExitStack, context: Context, folder: Path) -> dict[str, Relay | Inbox]:
    address = f"ipc://{folder}/bare.sock"
    stack.enter_context(serving("-c", _RELAY, address))
    sides: dict[str, Relay | Inbox] = {"bare relay": Relay(context, address)}
    stack.enter_context(serving("-m", "bench.floor", f"{folder}/floor.sock"))
    sides["floor: our socket and codec"] = Inbox(context, f"ipc://{folder}/floor.sock")
    for durability in ("power", "process"):
        data_dir = folder / durability
        words = ["broker", "--auto", "--data-dir", str(data_dir), "--durability", durability]
        stack.enter_context(serving("-m", "signalpost", *words))
        published = endpoint.read_published(data_dir)
        assert published is not None
        sides[f"broker, durability {durability}"] = Inbox(context, published.endpoint)
    return sides


def _measure(sides: dict[str, Relay | Inbox], size: int) -> None:
    payload = frames.encode_request(mail.Send(to=["receiver"], content="x" * size))
    samples = {name: Samples(name) for name in sides}

    def some(name: str) -> Callable[[], None]:
        def measure() -> None:
            for _ in range(MESSAGES):
                samples[name].values.append(sides[name].once(payload))

        return measure

    for name in sides:
        some(name)()
        samples[name].values.clear()
    interleave(ROUNDS, [some(name) for name in sides])
    show(f"latency: {size} bytes", "microseconds", 1e6, list(samples.values()))
