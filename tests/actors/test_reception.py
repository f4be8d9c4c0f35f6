"""Case 4: a broker that stood still blames no client for that."""

from __future__ import annotations

import os
from collections.abc import Callable

import anyio
from anyio.lowlevel import checkpoint

from signalpost.actors.reception import Reception
from signalpost.transport import frames, messages
from signalpost.transport.peer import Peer
from signalpost.transport.session import SILENCE_SECONDS, Session
from signalpost.transport.sockets import Message
from tests.actors.counter import EPOCH
from tests.actors.stand_in_runner import PATIENCE

STOOD_STILL_SECONDS = 10.0


class OurMessage(Message):
    """What this process says, as the socket would hand it over."""

    def __init__(self) -> None:
        self.identity, self.frames = b"us", []

    def peer(self) -> Peer:
        return Peer(uid=os.getuid(), pid=os.getpid())


class Unwatched:
    """Whose process ends, nobody hears."""

    def close(self) -> None: ...


def unwatched(_pid: int, _died: Callable[[], None]) -> Unwatched:
    return Unwatched()


async def test_a_broker_that_stood_still_takes_nobodys_silence_for_their_death() -> None:
    gone: list[Session] = []
    looked, skew = anyio.Event(), 0.0

    def clock() -> float:
        looked.set()
        return anyio.current_time() + skew

    def post(_identity: bytes, _header: bytes, _payload: bytes) -> None: ...

    reception = Reception(EPOCH, post, gone.append, lambda _: None, lambda: None, clock, unwatched)
    hello = messages.Hello(software="test", kind="client")
    session = reception.welcome(OurMessage(), frames.NO_SESSION, hello)
    assert session is not None
    session.heard_at = anyio.current_time() - SILENCE_SECONDS + 0.01
    looked, skew = anyio.Event(), STOOD_STILL_SECONDS
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(reception.run)
        with anyio.fail_after(PATIENCE):
            await looked.wait()
        await checkpoint()
        assert (gone, len(reception)) == ([], 1)
        tasks.cancel_scope.cancel()
