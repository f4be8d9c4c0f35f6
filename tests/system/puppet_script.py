"""A client in a process of its own: JSON lines in, JSON lines out. Run as a script.

    {"id": 1, "do": "run_task", "with": {...}, "progress": true}   ->   {"id": 1, "report": ...}
    {"id": 2, "do": "give_up", "with": {"id": 1}}                       {"id": 1, "refused": ...}

At the end of its input it leaves in order.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
import msgspec

import signalpost
from signalpost.transport.client import Client
from signalpost.transport.letters import Held
from signalpost.transport.messages import TaskProgress


class Puppet:
    def __init__(self, client: Client) -> None:
        self._client = client
        self._scopes: dict[int, anyio.CancelScope] = {}

    async def obey(self) -> None:
        async with anyio.create_task_group() as tasks:
            while line := await anyio.to_thread.run_sync(sys.stdin.buffer.readline):
                order = msgspec.json.decode(line)
                if order["do"] == "give_up":
                    self._scopes[order["with"]["id"]].cancel()
                else:
                    tasks.start_soon(self._do, order)
            await self._client.close()
            os._exit(0)  # like the bridge: what is open is for the broker to end

    async def _do(self, order: dict[str, Any]) -> None:
        number = order["id"]
        words = order["with"]
        if "held" in words:
            words["held"] = msgspec.convert(words["held"], list[Held])
        if order.get("progress"):
            words["progress"] = partial(tell, number)
        with anyio.CancelScope() as self._scopes[number]:
            try:
                answer = await getattr(self._client, order["do"])(**words)
                say(number, answer=answer)
            except signalpost.SignalpostError as error:
                say(number, refused={"code": error.code, "detail": str(error)})
        if self._scopes[number].cancelled_caught:
            say(number, refused={"code": "GIVEN_UP", "detail": ""})


def say(number: int, **what: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode({"id": number, **what}) + b"\n")
    sys.stdout.buffer.flush()


def tell(number: int, news: TaskProgress) -> None:
    say(number, progress=news)


async def main(identity: dict[str, Any]) -> None:
    async with signalpost.connect(**identity) as client:
        say(0, answer=True)
        await Puppet(client).obey()


if __name__ == "__main__":
    anyio.run(partial(main, msgspec.json.decode(sys.argv[1])))
