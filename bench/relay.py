"""A bare ROUTER that sends everything back, against a broker request that does nothing.

Both are asked by the same bare DEALER with the same frames, so that the only
difference is the broker: its event loop, its sessions, its codec.

ping-pong   one request at a time: latency
flood       200 in flight: requests a second, and CPU per request
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

import zmq

from bench.harness import interleave, keep, show
from bench.peers import serving
from bench.samples import Samples
from bench.usage import cpu_of
from signalpost.transport import endpoint, frames, messages

ROUNDS = 20
PINGS = 500
FLOOD = 20_000
IN_FLIGHT = 200

# The least that a ROUTER can do: what comes from a peer goes back to it.
_BARE = """
import sys, zmq
context = zmq.Context()
router = context.socket(zmq.ROUTER)
router.router_mandatory = 1
router.linger = 0
router.bind(sys.argv[1])
print("ready", flush=True)
while True:
    router.send_multipart(router.recv_multipart())
"""


class Side:
    """One server and the bare DEALER that asks it."""

    def __init__(
        self, name: str, context: zmq.Context[zmq.Socket[bytes]], address: str, pid: int
    ) -> None:
        self.latency = Samples(name)
        self.rate = Samples(name)
        self.pid = pid
        self.cpu = 0.0
        self.asked = 0
        self._dealer: zmq.Socket[bytes] = context.socket(zmq.DEALER)
        self._dealer.linger = 0
        self._dealer.connect(address)
        self._header = b""
        self._payload = frames.encode(messages.Heartbeat())

    def hello(self, *, real: bool) -> None:
        """Open a session, or just use a header of the same length."""
        correlation = os.urandom(16)
        if not real:
            self._header = frames.header(frames.NO_SESSION, correlation)
            return
        hello = messages.Hello(software="bench", kind="client")
        header = frames.header(frames.NO_SESSION, correlation)
        self._dealer.send_multipart([header, frames.encode(hello)])
        welcome = frames.answer_decoder().decode(self._dealer.recv_multipart()[1])
        assert isinstance(welcome, messages.Welcome)
        self._header = frames.header(welcome.session, correlation)

    def ping_pong(self) -> None:
        """Ask one at a time."""
        for _ in range(PINGS):
            began = time.perf_counter()
            self._dealer.send_multipart([self._header, self._payload])
            self._dealer.recv_multipart()
            self.latency.values.append(time.perf_counter() - began)

    def flood(self) -> None:
        """Keep 200 requests in flight."""
        cpu, began = cpu_of(self.pid), time.perf_counter()
        for number in range(FLOOD + IN_FLIGHT):
            if number < FLOOD:
                self._dealer.send_multipart([self._header, self._payload])
            if number >= IN_FLIGHT:
                self._dealer.recv_multipart()
        self.rate.values.append((time.perf_counter() - began) / FLOOD)
        self.cpu += cpu_of(self.pid) - cpu
        self.asked += FLOOD


def main() -> None:
    """Measure both, interleaved."""
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir="/tmp"))
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    address = f"ipc://{folder}/bare.sock"
    words = ["-m", "signalpost", "broker", "--auto", "--data-dir", f"{folder}/d"]
    try:
        with serving("-c", _BARE, address) as bare, serving(*words) as broker:
            published = endpoint.read_published(folder / "d")
            assert published is not None
            sides = [
                Side("bare ROUTER", context, address, bare),
                Side("broker, request that does nothing", context, published.endpoint, broker),
            ]
            _measure(sides)
    finally:
        context.destroy()
        shutil.rmtree(folder)


def _measure(sides: list[Side]) -> None:
    for number, side in enumerate(sides):
        side.hello(real=number == 1)
        side.ping_pong()
        side.latency.values.clear()
    interleave(ROUNDS, [side.ping_pong for side in sides])
    interleave(ROUNDS // 2, [side.flood for side in sides])
    show("relay: ping-pong", "microseconds", 1e6, [side.latency for side in sides])
    show("relay: 200 in flight, per request", "microseconds", 1e6, [side.rate for side in sides])
    costs = [side.cpu / side.asked * 1e6 for side in sides]
    print(
        f"  server CPU per request: {costs[0]:.1f} us bare, {costs[1]:.1f} us broker,"
        f" ratio {costs[1] / costs[0]:.2f}"
    )
    for side, cost in zip(sides, costs, strict=True):
        unit, ratio = "CPU microseconds", cost / costs[0]
        keep("relay: CPU per request", side.rate.name, unit=unit, mean=cost, ratio=ratio)
