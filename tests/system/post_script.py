"""One who writes or reads, in a process of its own. Run as a script.

    post_script.py write JOURNAL NAME '{"agent": ..., ...}' RECIPIENT...   without end
    post_script.py read JOURNAL NAME '{"agent": ..., ...}'                 without end
    post_script.py hold JOURNAL NAME '{"agent": ..., ...}'                 one message

What it knows is in its journal before it goes on: one line for each thing that
happened, which no SIGKILL takes back. At the end of its input it leaves in order.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import msgspec

import signalpost

WORK_SECONDS = 0.005
"""For so long a reader has each message in hand, so that its death hits it there."""


class Scribe:
    """Writes the journal of one process."""

    def __init__(self, path: Path, name: str) -> None:
        self._file = path.open("ab", buffering=0)
        self.name = name

    def note(self, event: str, value: str, **what: object) -> None:
        line = {"at": time.monotonic(), "event": event, "value": value, "by": self.name, **what}
        self._file.write(msgspec.json.encode(line) + b"\n")


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
                [sent] = (await client.send(to, value)).sent
            except signalpost.SignalpostError as error:
                scribe.note("unknown", value, code=error.code)
            else:
                scribe.note("sent", value, id=sent.message_id)


async def read(client: signalpost.Client, scribe: Scribe) -> None:
    """Receive one message after the other and acknowledge it."""
    ending = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(until_told, ending)
        while not ending.is_set():
            try:
                async with client.receive(wait_seconds=0.5) as got:
                    if got is not None:
                        marks = {"attempt": got.attempt, "redelivered": got.redelivered}
                        scribe.note("got", got.content, id=got.id, **marks)
                        await anyio.sleep(WORK_SECONDS)
            except signalpost.SignalpostError as error:
                scribe.note("refused", "", code=error.code)


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
                await read(client, scribe)
            case _:
                await hold(client, scribe)


if __name__ == "__main__":
    do, path, name, identity, *rest = sys.argv[1:]
    anyio.run(partial(main, do, path, name, msgspec.json.decode(identity), *rest))
