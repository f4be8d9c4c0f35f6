"""Case 16: a client is killed and comes again while the broker's loop is busy with something else."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import zmq

from signalpost.transport.sockets import Dealer
from tests.transport.ears import H, numbered, serving

BLOCKED_SECONDS = 0.25
MESSAGES = 15


@pytest.fixture
def endpoint() -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="sp", dir="/tmp"))
    yield f"ipc://{folder}/s"
    shutil.rmtree(folder)


class Mayfly:
    """A client as its process: it is there, and then it is not, without a word."""

    def __init__(self, endpoint: str) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._dealer: zmq.Socket[bytes] = self._context.socket(zmq.DEALER)
        self._dealer.rcvtimeo = 10_000
        self._dealer.connect(endpoint)

    def say(self, *payloads: bytes) -> None:
        for payload in payloads:
            self._dealer.send_multipart([H, payload])

    def hear(self) -> bytes:
        return self._dealer.recv_multipart()[-1]

    def die(self) -> None:
        self._context.destroy(linger=0)


@pytest.mark.parametrize(
    "restarts", [3, pytest.param(15, marks=pytest.mark.soak)], ids=["few", "many"]
)
async def test_what_a_client_says_after_its_restart_is_heard_though_the_loop_was_blocked(
    endpoint: str, restarts: int
) -> None:
    async with serving(endpoint) as (_, ear, _):
        with ExitStack() as stack:
            mayfly = Mayfly(endpoint)
            stack.callback(mayfly.die)
            for restart in range(1, restarts + 1):
                mayfly.say(b"alive")
                await ear.count((restart - 1) * (MESSAGES + 1) + 1)
                mayfly.die()
                mayfly = Mayfly(endpoint)
                stack.callback(mayfly.die)
                mayfly.say(*numbered(MESSAGES))
                time.sleep(BLOCKED_SECONDS)  # noqa: ASYNC251 - nothing else may run meanwhile
                await ear.count(restart * (MESSAGES + 1))
                assert ear.heard[-MESSAGES:] == numbered(MESSAGES)
                assert len(set(ear.identities[-MESSAGES:])) == 1
                assert [mayfly.hear() for _ in range(MESSAGES)] == numbered(MESSAGES)


async def test_who_knows_that_the_broker_is_dead_does_not_wait_for_it(endpoint: str) -> None:
    with Dealer(endpoint, linger_ms=60_000) as dealer:
        dealer.send(H, b"never read")
        dealer.abandon()
