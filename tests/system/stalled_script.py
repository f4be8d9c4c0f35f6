"""A client with many open calls, all with progress. Run as a script.

stalled_script.py DATA_DIR COMMAND…   ->   "accepted" once all are, and how they ended, as JSON

Each line that it reads has it say a word to the broker.
"""

from __future__ import annotations

import sys
from collections import Counter

import anyio
import anyio.to_thread
import msgspec

import signalpost
from signalpost.transport.client import Client
from signalpost.transport.messages import TaskProgress


class Asker:
    """Asks for tasks and counts."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._accepted = anyio.Event()
        self.ended: Counter[str] = Counter()
        self.news = 0

    def hear(self, _: TaskProgress) -> None:
        self.news += 1
        self._accepted.set()

    async def one(self, command: str) -> None:
        report = await self._client.run_task(command, "/tmp", progress=self.hear)
        self.ended[report.state] += 1

    async def all(self, commands: list[str]) -> None:
        async with anyio.create_task_group() as tasks:
            for command in commands:
                self._accepted = anyio.Event()
                tasks.start_soon(self.one, command)
                await self._accepted.wait()
            say(b"accepted")

    async def chat(self) -> None:
        """Ask something for each line."""
        async with anyio.create_task_group() as tasks:
            while await anyio.to_thread.run_sync(sys.stdin.buffer.readline, abandon_on_cancel=True):
                tasks.start_soon(self._client.info)


def say(line: bytes) -> None:
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


async def main(data_dir: str, commands: list[str]) -> None:
    async with signalpost.connect(data_dir=data_dir) as client:
        asker = Asker(client)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(asker.chat)
            await asker.all(commands)
            tasks.cancel_scope.cancel()
        say(msgspec.json.encode({"ended": asker.ended, "news": asker.news}))


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], sys.argv[2:])
