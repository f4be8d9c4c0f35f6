"""A client that sends as fast as it can, for ever, whatever is answered. Run as a script."""

from __future__ import annotations

import sys
from pathlib import Path

import anyio

import signalpost

AT_ONCE = 32
CONTENT = "x" * 100_000


async def main(folder: str, to: str) -> None:
    async with signalpost.connect("flooder", data_dir=Path(folder), start=False) as client:
        await client.ping()

        async def send_on_and_on() -> None:
            while True:
                try:
                    await client.send(to, CONTENT)
                except signalpost.SignalpostError:
                    continue  # refused: that is what the next one is for

        async with anyio.create_task_group() as tasks:
            for _ in range(AT_ONCE):
                tasks.start_soon(send_on_and_on)
            sys.stdout.write("flooding\n")
            sys.stdout.flush()


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], sys.argv[2])
