"""Lines between clients and one broker at a time: late, cut, sent twice, but never out of order.

As on a real socket, what one end has sent comes in order or not at all. A line
that is cut loses what is on its way; what is sent meanwhile goes out when it is
joined again, under another identity.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable
from typing import Any, Self

import anyio

from signalpost.transport.frames import HEADER_BYTES
from signalpost.transport.sockets import Message

Frames = list[bytes]


class _Last:
    """Stands for the last frame that ZeroMQ hands out, which knows whose it is."""

    def __init__(self, pid: int, uid: int) -> None:
        self._peer = f"localhost:{uid}:0:{pid}"

    def get(self, _name: str) -> str:
        return self._peer


class Way:
    """One direction of a line."""

    def __init__(self, network: Network, arrive: Callable[[Frames], None]) -> None:
        self._network = network
        self._arrive = arrive
        self._under_way: deque[Frames] = deque()
        self._last = 0.0
        self._cuts = 0

    def send(self, frames: Frames) -> None:
        self._network.sent(frames)
        loop = asyncio.get_running_loop()
        for _ in range(self._network.copies()):
            self._last = max(self._last, loop.time() + self._network.delay())
            self._under_way.append(frames)
            loop.call_at(self._last, self._next, self._cuts)

    def cut(self, seconds: float) -> None:
        """Lose what is under way; what comes now has to wait."""
        self._cuts += 1
        self._under_way.clear()
        self._last = asyncio.get_running_loop().time() + seconds

    def _next(self, cuts: int) -> None:
        if cuts == self._cuts and self._under_way:
            self._arrive(self._under_way.popleft())


class Line:
    """A client's end. Behaves as :class:`.sockets.Dealer`."""

    def __init__(self, network: Network, router: SimulatedRouter, pid: int) -> None:
        self._network = network
        self._router = router
        self.pid = pid
        self.identity = network.identity()
        self._up = Way(network, self._reach_broker)
        self._down = Way(network, self._reach_client)
        self._handle: Callable[[Frames], None] | None = None
        self._early: list[Frames] = []
        self._is_deaf = False
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed = False

    def __enter__(self) -> Self:
        self._router.join(self)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """What was sent still goes out; nothing comes any more."""
        self.closed = True
        self._network.lines.discard(self)

    def abandon(self) -> None:
        """Nothing lingers here that could be waited for."""

    def kill(self) -> None:
        """The process is dead: what has left it may still arrive."""
        self.close()
        self._router.leave(self.identity)

    def send(self, header: bytes, payload: bytes) -> None:
        self._network.client_passes("before sending", self.pid)
        if not self.closed:
            if not self._is_deaf:
                self._up.send([header, payload])
            self._network.client_passes("after sending", self.pid)

    async def serve(self, handle: Callable[[Frames], None]) -> None:
        self._handle = handle
        for frames in self._early:
            handle(frames)
        self._early.clear()
        await self._failed

    def cut(self) -> None:
        """Break and join again."""
        self._router.leave(self.identity)
        self.identity = self._network.identity()
        seconds = self._network.chance.uniform(0.01, 0.5)
        self._up.cut(seconds)
        self._down.cut(seconds)
        self._router.join(self)

    def go_deaf(self) -> None:
        """Be open at both ends from now on, and carry nothing."""
        self._is_deaf = True

    def answer(self, frames: Frames) -> None:
        """Send to the client."""
        if not self._is_deaf:
            self._down.send(frames)

    def _reach_broker(self, frames: Frames) -> None:
        self._router.arrived(self, frames)

    def _reach_client(self, frames: Frames) -> None:
        if self.closed:
            return
        if self._handle is None:
            self._early.append(frames)
            return
        self._network.client_passes("before hearing", self.pid)
        if self.closed:
            return
        try:
            self._handle(frames)
            self._network.client_passes("after hearing", self.pid)
        except Exception as error:  # noqa: BLE001 - it ends serve(), as in a real socket
            if not self._failed.done():
                self._failed.set_exception(error)


class SimulatedRouter:
    """The broker's end. Behaves as :class:`.sockets.Router`."""

    def __init__(self, network: Network, passing: Callable[[str], None] = lambda _: None) -> None:
        self._network = network
        self._passing = passing
        self._lines: dict[bytes, Line] = {}
        self._handle: Callable[[Message], None] | None = None
        self._early: list[tuple[Line, Frames]] = []
        self.dead = False

    def join(self, line: Line) -> None:
        self._lines[line.identity] = line

    def leave(self, identity: bytes) -> None:
        self._lines.pop(identity, None)

    def post(self, identity: bytes, header: bytes, payload: bytes) -> None:
        line = self._lines.get(identity)
        if line is None or self.dead:
            return
        assert len(header) == HEADER_BYTES
        self._passing("before answer")
        if not self.dead:
            line.answer([header, payload])
            self._passing("after answer")

    async def serve(self, handle: Callable[[Message], None]) -> None:
        self._handle = handle
        for line, frames in self._early:
            self.arrived(line, frames)
        self._early.clear()
        await anyio.sleep_forever()

    def flush(self) -> None:
        """Everything posted is under way already."""

    def arrived(self, line: Line, frames: Frames) -> None:
        """A message has come."""
        if self.dead:
            return
        if self._handle is None:
            self._early.append((line, frames))
            return
        self._passing("before request")
        if self.dead:
            return
        last: Any = _Last(line.pid, self._network.uid)
        self._handle(Message(line.identity, frames, last))
        self._passing("after request")


class Network:
    """How good the lines are."""

    def __init__(
        self,
        chance: random.Random,
        uid: int,
        client_passes: Callable[[str, int], None],
        sent: Callable[[Frames], None],
    ) -> None:
        self.chance = chance
        self.uid = uid
        self.client_passes = client_passes
        self.sent = sent
        """Hears of every message that goes out."""
        self.lines: set[Line] = set()
        self.calm = False
        """Whether nothing goes wrong any more."""
        self._identities = 0

    def identity(self) -> bytes:
        self._identities += 1
        return b"\0" + self._identities.to_bytes(4, "big")

    def delay(self) -> float:
        if not self.calm and self.chance.random() < 0.03:
            return self.chance.uniform(0.1, 3.0)
        return self.chance.uniform(0.0001, 0.005)

    def copies(self) -> int:
        return 2 if not self.calm and self.chance.random() < 0.01 else 1

    def connect(self, router: SimulatedRouter, pid: int) -> Line:
        line = Line(self, router, pid)
        self.lines.add(line)
        return line
