"""One who writes or reads, in a process of its own. Run as a script.

    post_script.py write JOURNAL NAME '{"agent": ..., ...}' TO...     without end
    post_script.py read JOURNAL NAME '{"agent": ..., ...}' SEED       without end, one by one
    post_script.py gather JOURNAL NAME '{"agent": ..., ...}' SEED     without end, by the armful
    post_script.py hold JOURNAL NAME '{"agent": ..., ...}'            one message

TO is an address, or several with commas. SEED decides what is given back. What it
knows is in its journal before it goes on: one line for each thing that happened,
which no SIGKILL takes back. At the end of its input it leaves in order.
"""

from __future__ import annotations

import itertools
import os
import random
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import msgspec
from anyio.lowlevel import checkpoint

import signalpost
from signalpost.transport.letters import Delivery, Held, Outcome

OUTCOMES: tuple[Outcome, ...] = ("ack", "nack", "return")
BAD_EVERY = 25
"""One of so many messages of each writer is bad."""
WORK_SECONDS = 0.005
"""For so long a reader has each message in hand, so that its death hits it there."""


class Scribe:
    """Writes the journal of one process."""

    def __init__(self, path: Path, name: str) -> None:
        self._file = path.open("ab", buffering=0)
        self.name = name

    def close(self) -> None:
        self._file.close()

    def note(self, event: str, value: str, **what: object) -> None:
        line = {"at": time.monotonic(), "event": event, "value": value, "by": self.name, **what}
        self._file.write(msgspec.json.encode({"pid": os.getpid(), **line}) + b"\n")

    def note_got(self, got: signalpost.Received | Delivery) -> None:
        marks = {"attempt": got.attempt, "redelivered": got.redelivered}
        self.note("got", got.content, id=got.id, **marks)


class Unwilling(Exception):
    """A reader fails with a message."""


class Whims:
    """What a reader does about each message: nobody ever wants a bad one."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def about(self, value: str) -> Outcome:
        if is_bad(value):
            return "nack"
        [outcome] = self._random.choices(OUTCOMES, (90, 5, 5))
        return outcome


def is_bad(value: str) -> bool:
    return int(value.rpartition("-")[2]) % BAD_EVERY == BAD_EVERY - 1


async def write(client: signalpost.Client, scribe: Scribe, recipients: Sequence[str]) -> None:
    """Send NAME-0, NAME-1, … in turn to the recipients, each once as far as we can tell."""
    ending = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(until_told, ending)
        for number, to in enumerate(itertools.cycle(recipients)):
            if ending.is_set():
                return
            value = f"{scribe.name}-{number}"
            scribe.note("try", value, to=to)
            try:
                sent = await client.send(to.split(",") if "," in to else to, value)
            except signalpost.SignalpostError as error:
                scribe.note("unknown", value, code=error.code)
            else:
                ids = {one.name: one.message_id for one in sent.sent}
                refused = {one.name: one.code for one in sent.refused}
                scribe.note("sent", value, ids=ids, refused=refused)


async def read(client: signalpost.Client, scribe: Scribe, whims: Whims) -> None:
    """Receive one message after the other and do with it what the whims say."""
    ending = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(until_told, ending)
        while not ending.is_set():
            try:
                with suppress(Unwilling), anyio.CancelScope() as scope:
                    await read_one(client, scribe, whims, scope)
            except signalpost.SignalpostError as error:
                scribe.note("refused", "", code=error.code)


async def read_one(
    client: signalpost.Client, scribe: Scribe, whims: Whims, scope: anyio.CancelScope
) -> None:
    async with client.receive(wait_seconds=0.5) as got:
        if got is None:
            return
        scribe.note_got(got)
        await anyio.sleep(WORK_SECONDS)
        outcome = whims.about(got.content)
        scribe.note("settling", got.content, id=got.id, outcome=outcome)
        if outcome == "nack":
            raise Unwilling
        if outcome == "return":
            scope.cancel()
            await checkpoint()
    scribe.note("settled", got.content, id=got.id, outcome="ack")


async def gather(client: signalpost.Client, scribe: Scribe, whims: Whims) -> None:
    """Take several messages at once, and settle them at once."""
    ending = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(until_told, ending)
        while not ending.is_set():
            try:
                taken = (await client.take(wait_seconds=0.5, max_messages=8)).messages
                for message in taken:
                    scribe.note_got(message)
                await anyio.sleep(WORK_SECONDS)
                await settle(client, scribe, [(m, whims.about(m.content)) for m in taken])
            except signalpost.SignalpostError as error:
                scribe.note("refused", "", code=error.code)


async def settle(
    client: signalpost.Client, scribe: Scribe, fates: Sequence[tuple[Delivery, Outcome]]
) -> None:
    """Say of several messages what becomes of them: one request for each outcome."""
    for outcome in OUTCOMES:
        some = {m.id: m for m, fate in fates if fate == outcome}
        for message in some.values():
            scribe.note("settling", message.content, id=message.id, outcome=outcome)
        held = [Held(message.id, message.lease) for message in some.values()]
        for settled in await client.settle(held, outcome) if held else []:
            value = some[settled.message_id].content
            what = {"id": settled.message_id, "outcome": outcome, "code": settled.code}
            scribe.note("settled", value, **what)


async def hold(client: signalpost.Client, scribe: Scribe) -> None:
    """Receive one message and work on it until told to end."""
    try:
        async with client.receive() as got:
            assert got is not None
            scribe.note("got", got.content, id=got.id)
            await until_told(anyio.Event())
        scribe.note("acknowledged", got.content)
    except signalpost.SignalpostError as error:
        scribe.note("refused", "", code=error.code)


async def until_told(ending: anyio.Event) -> None:
    await anyio.to_thread.run_sync(sys.stdin.buffer.read)
    ending.set()


async def main(do: str, path: str, name: str, identity: dict[str, Any], *rest: str) -> None:
    scribe = Scribe(Path(path), name)
    while True:
        try:
            return await play(do, scribe, identity, *rest)
        except signalpost.BrokerUnavailable:  # it was killed while it started: another one will
            continue


async def play(do: str, scribe: Scribe, identity: dict[str, Any], *rest: str) -> None:
    async with signalpost.connect(**identity) as client:
        match do:
            case "write":
                await write(client, scribe, rest)
            case "read":
                await read(client, scribe, Whims(*rest))
            case "gather":
                await gather(client, scribe, Whims(*rest))
            case _:
                await hold(client, scribe)


if __name__ == "__main__":
    do, path, name, identity, *rest = sys.argv[1:]
    anyio.run(partial(main, do, path, name, msgspec.json.decode(identity), *rest))
