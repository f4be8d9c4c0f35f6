"""What programs of a simulation do with their names while others write to them."""

from __future__ import annotations

import anyio

from signalpost.transport.client import Client
from signalpost.transport.errors import SignalpostError
from tests.simulation.books import MOVER
from tests.simulation.mail_parts import reader
from tests.simulation.programs import Program


async def mover(self: Program, client: Client) -> None:
    """Take one new name after the other, and go on reading what comes under all of them.

    A new process comes under the first name, and takes all others over with their mail.
    """
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(reader, self, client)
        await _take_over(self, client)
        while not self.quiet.is_set():
            await self.pause(4.0)
            self.names.append(f"{MOVER}{len(self.names) + 1}")
            await _named(self, client, self.names[-1])
        await _take_over(self, client)  # a name that did not get to the disk may be gone again


async def _take_over(self: Program, client: Client) -> None:
    for name in [self.name, *self.names]:
        while not await _named(self, client, name):
            await self.pause(0.5)


async def _named(self: Program, client: Client, name: str) -> bool:
    try:
        await client.register(name, role="publisher")
    except SignalpostError as error:
        self.books.errors[error.code] += 1
        return False
    return True


async def leaver(self: Program, client: Client) -> None:
    """Unregister, even over unread mail, and come again under the same name."""
    while not self.quiet.is_set():
        await self.pause(3.0)
        try:
            await client.unregister(force=self.chance.random() < 0.5)
            await self.pause(1.0)
            await client.register(self.name, role="publisher")
        except SignalpostError as error:
            self.books.errors[error.code] += 1
