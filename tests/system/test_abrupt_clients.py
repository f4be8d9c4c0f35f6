"""Case 28: awaits that are cancelled, programs that end at once, sockets used after a fork."""

from __future__ import annotations

import itertools
import random
import sys

import anyio
import pytest

from signalpost.transport.client import Client
from signalpost.transport.letters import Held
from tests.system.place import Place, within

ENDS_AT_ONCE = """
import os, sys, anyio, signalpost

async def main():
    async with signalpost.connect("brief", data_dir=sys.argv[1]) as client:
        sent = await client.send("bob", "last words")
        os.write(1, sent.sent[0].message_id.encode())
        os._exit(0)

anyio.run(main)
"""
ENDS_UNANSWERED = """
import os, sys, anyio, signalpost

async def main():
    async with signalpost.connect("hasty", data_dir=sys.argv[1]) as client:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.send, "bob", "perhaps")
            await anyio.lowlevel.checkpoint()
            os._exit(0)

anyio.run(main)
"""
FORKS = """
import os, sys, anyio, signalpost

async def main():
    async with signalpost.connect("parent", data_dir=sys.argv[1]) as client:
        child = os.fork()
        if not child:
            try:
                await client.send("bob", "from the child")
            except signalpost.SignalpostError as error:
                os.write(1, f"{error.code}: {error}\\n".encode())
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        await client.send("bob", "from the parent")

anyio.run(main)
"""


class Impatient:
    """Sends and takes in calls that are given up at any point."""

    def __init__(self, place: Place, seed: int) -> None:
        self._place = place
        self._chance = random.Random(seed)
        self.sent: set[str] = set()
        self.got: set[str] = set()
        self.cancelled = 0

    def _patience(self) -> anyio.CancelScope:
        return anyio.move_on_after(self._chance.random() * 0.004)

    async def send(self, alice: Client, most: int) -> None:
        """Send until so many calls were cancelled; who is cancelled sends something else next."""
        for number in itertools.count():
            if self.cancelled >= most:
                return
            with self._patience():
                await alice.send("bob", str(number))
                self.sent.add(str(number))

    async def take(self, bob: Client, most: int) -> None:
        while self.cancelled < most:
            with self._patience() as scope:
                await self._take(bob, None)
            self.cancelled += scope.cancelled_caught

    async def drain(self, bob: Client) -> None:
        """Take all that is left, without haste."""
        while await self._take(bob, 0.2):
            continue

    async def _take(self, bob: Client, wait: float | None) -> bool:
        taken = (await bob.take(wait_seconds=wait, max_messages=3)).messages
        self.got.update(m.content for m in taken)
        await bob.settle([Held(m.id, m.lease) for m in taken])
        return bool(taken)


async def lose_patience(place: Place, seed: int, most: int) -> None:
    """Have calls cancelled at any point; nothing that was confirmed may be lost."""
    it = Impatient(place, seed)
    async with place.client("alice") as alice, place.client("bob") as bob:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(it.send, alice, most)
            tasks.start_soon(it.take, bob, most)
        await it.drain(bob)
        left = place.stored("SELECT count(*) FROM messages WHERE state != 'done'")
    assert it.sent <= it.got, (seed, it.sent - it.got)
    assert left == [(0,)], seed
    assert it.sent


@within(40)
async def test_calls_that_are_cancelled_at_any_point_lose_nothing(place: Place) -> None:
    await lose_patience(place, seed=28, most=500)


@pytest.mark.soak
@within(300)
@pytest.mark.parametrize("seed", range(5))
async def test_thousands_of_calls_that_are_cancelled_lose_nothing(place: Place, seed: int) -> None:
    await lose_patience(place, seed, most=4000)


@within(40)
async def test_a_message_that_was_sent_is_there_though_its_program_ended_at_once(
    place: Place,
) -> None:
    async with place.client("bob") as bob:
        done = await place.run(sys.executable, "-c", ENDS_AT_ONCE, str(place.state))
        [message] = (await bob.take(wait_seconds=5)).messages
        assert (message.id, message.content) == (done.stdout.decode(), "last words"), done


@within(40)
async def test_a_send_that_nobody_waited_for_is_whole_or_not_there(place: Place) -> None:
    async with place.client("bob") as bob:
        for _ in range(3):
            await place.run(sys.executable, "-c", ENDS_UNANSWERED, str(place.state))
        texts = [m.content for m in (await bob.take(wait_seconds=0, max_messages=10)).messages]
        assert texts == ["perhaps"] * len(texts)
        assert len(texts) <= 3
        await bob.ping()


@within(40)
async def test_a_client_used_after_a_fork_says_so_and_its_parent_goes_on(place: Place) -> None:
    async with place.client("bob") as bob:
        done = await place.run(sys.executable, "-c", FORKS, str(place.state))
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout.startswith(b"BROKER_UNAVAILABLE: ")
        assert b"another event loop, thread or process" in done.stdout
        texts = [m.content for m in (await bob.take(wait_seconds=5, max_messages=9)).messages]
        assert texts == ["from the parent"]
