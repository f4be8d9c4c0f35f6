"""The broker on the event loop that Python has, and on uvloop's.

Nothing in the product chooses between them: the second broker is started here with
uvloop as the process's policy. What counts is the whole broker and not a bare loop,
so it is asked what the others are asked too: a request that does nothing, one at a time
and 200 in flight, and confirmed durable sends of 100 senders.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import zmq

from bench import peers
from bench.durable import Senders
from bench.harness import interleave, missing, show
from bench.peer import Context
from bench.peers import serving
from bench.relay import Side
from bench.samples import Samples
from signalpost.transport import endpoint

ROUNDS = 10
SENDERS, STORE_ROUNDS = 100, 3
OURS, THEIRS = "asyncio", "uvloop"
_ON_UVLOOP = """
import asyncio, uvloop
from signalpost.__main__ import main
asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
main()
"""
_PROGRAMS = {OURS: ("-m", "signalpost"), THEIRS: ("-c", _ON_UVLOOP)}


class Looped:
    """One broker, and those who ask it."""

    def __init__(self, name: str, context: Context, folder: Path, pid: int) -> None:
        published = endpoint.read_published(folder)
        assert published is not None
        self.asked = Side(name, context, published.endpoint, pid)
        self.asked.hello(real=True)
        self.stored = Samples(name)
        self._senders = Senders(context, published.endpoint)

    def store(self) -> None:
        """Send until all is confirmed."""
        self.stored.values.append(self._senders.send(SENDERS))


def main() -> None:
    """Measure both, interleaved."""
    if peers.module("uvloop") is None:
        missing("loops", "uvloop")
        return
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir="/var/tmp"))  # a disk, not memory
    context: Context = zmq.Context()
    try:
        with ExitStack() as brokers:
            sides = [
                Looped(name, context, folder / name, brokers.enter_context(_serving(name, folder)))
                for name in _PROGRAMS
            ]
            _measure(sides)
    finally:
        context.destroy()
        shutil.rmtree(folder)


def _serving(name: str, folder: Path) -> AbstractContextManager[int]:
    words = ["broker", "--auto", "--data-dir", f"{folder}/{name}", "--inbox-bound", "20000"]
    return serving(*_PROGRAMS[name], *words)


def _measure(sides: list[Looped]) -> None:
    for side in sides:
        side.asked.ping_pong()
        side.asked.latency.values.clear()
    interleave(ROUNDS, [side.asked.ping_pong for side in sides])
    interleave(ROUNDS // 2, [side.asked.flood for side in sides])
    interleave(STORE_ROUNDS, [side.store for side in sides], f"{SENDERS} senders")
    show("loops: ping-pong", "microseconds", 1e6, [side.asked.latency for side in sides])
    flood = [side.asked.rate for side in sides]
    show("loops: 200 in flight, per request", "microseconds", 1e6, flood)
    stored = [side.stored for side in sides]
    show(f"loops: {SENDERS} senders, per durable message", "microseconds", 1e6, stored)
