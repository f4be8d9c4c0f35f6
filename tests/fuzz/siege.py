# pyright: reportPrivateUsage=false
"""A broker with honest agents and work in it, and somebody in front of it who says anything.

Afterwards nothing of the honest may be lost, whatever was said, and no fault
of ours may have come to light.
"""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from signalpost.transport import frames, mail, messages
from signalpost.transport.peer import Peer
from signalpost.transport.sockets import Message
from tests.actors.correspondent import Correspondent, correspondent
from tests.actors.counter import Counter, counter, run
from tests.actors.stand_ins import rounds
from tests.fuzz.grammar import said

LETTERS = ("one", "two", "three")
STRANGER, MALLORY = b"stranger", b"mallory"
HELLO = messages.Hello(software="1", kind="bridge", label="mallory")


class Said(Message):
    """A message as the socket would hand it over."""

    __slots__ = ()

    def __init__(self, parts: list[bytes], identity: bytes) -> None:
        self.frames = parts
        self.identity = identity

    def peer(self) -> Peer:
        return Peer(uid=os.getuid(), pid=os.getpid())


class Faults(logging.Handler):
    """Keeps what was logged with a traceback."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[BaseException] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            self.seen.append(record.exc_info[1])


class Siege:
    """Use :func:`siege`."""

    def __init__(self, place: Counter, alice: Correspondent, bob: Correspondent) -> None:
        self.place = place
        self._alice = alice
        self._bob = bob
        self.faults = Faults()
        self.inputs = 0

    async def begin(self) -> None:
        """Have the honest put something at stake."""
        for letter in LETTERS:
            await self._alice.send("bob", content=letter)
        self._alice.say(run("honest"))
        await self.place.runner.begun(1)

    def say(self, data: bytes) -> None:
        """Have said what ``data`` stands for, by a stranger and in a session."""
        self.inputs += 1
        self.place.broker.handle(Said(said(data, frames.NO_SESSION), STRANGER))
        self.place.broker.handle(Said(said(data, self._session()), MALLORY))

    def _session(self) -> bytes:
        """Return the session of who misuses it; whoever has lost it says hello again."""
        sessions = self.place.reception._sessions
        if sessions.on(MALLORY) is None:
            parts = [frames.header(frames.NO_SESSION, bytes(16)), frames.encode(HELLO)]
            self.place.broker.handle(Said(parts, MALLORY))
        session = sessions.on(MALLORY)
        assert session is not None
        return session.token

    async def rest(self) -> None:
        """Let all that was asked for happen; the honest are served meanwhile."""
        await rounds()
        for honest in (self._alice, self._bob):
            assert isinstance(await honest.ask(messages.Heartbeat()), messages.Accepted)

    async def end(self) -> None:
        """Look whether all is as it should be."""
        await self.rest()
        assert self.faults.seen == []
        got: list[str] = []
        while taken := await self._bob.receive(max_messages=32):
            got += [m.content for m in taken if m.sender == "alice"]
            assert set(await self._bob.settle(*taken)) == {""}
        assert got == list(LETTERS)
        assert self.place.runner.runs[1].outcome is None
        assert 1 not in self.place.runner.killed
        await self._alice.send("bob", content="after")
        assert [m.content for m in await self._bob.receive()] == ["after"]
        kept = await self._bob.ask(mail.History(search="one"))
        assert isinstance(kept, mail.StoredMessages)
        assert [(m.sender, m.state) for m in kept.messages if m.content == "one"] == [
            ("alice", "done")
        ]


@asynccontextmanager
async def siege() -> AsyncGenerator[Siege, None]:
    """Serve for the life of a block, and compare at its end."""
    async with counter() as place:
        alice, bob = await correspondent(place, "alice"), await correspondent(place, "bob")
        it = Siege(place, alice, bob)
        house, loop = logging.getLogger("signalpost"), logging.getLogger("asyncio")
        house.addHandler(it.faults)
        loop.addHandler(it.faults)
        house.setLevel(logging.ERROR)  # what is malformed is told tens of thousands of times
        try:
            await it.begin()
            yield it
            await it.end()
        finally:
            house.setLevel(logging.NOTSET)
            house.removeHandler(it.faults)
            loop.removeHandler(it.faults)
