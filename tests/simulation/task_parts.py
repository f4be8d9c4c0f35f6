"""What programs of a simulation do with tasks."""

from __future__ import annotations

import anyio

from signalpost.transport.caller import Caller
from signalpost.transport.client import Client
from signalpost.transport.errors import SignalpostError
from tests.simulation.programs import Program

CALLER = Caller(environment={}, umask=0o022, limits={}, nice=0, parent="")


async def runner(self: Program, client: Client) -> None:
    """Ask for tasks, at times for two at once, and lose patience now and then."""
    while not self.quiet.is_set():
        await self.pause(1.0)
        async with anyio.create_task_group() as tasks:
            for _ in range(self.chance.choice([1, 1, 2])):
                tasks.start_soon(_run, self, client)


async def _run(self: Program, client: Client) -> None:
    chance, books = self.chance, self.books
    value = self.next_value()
    queue = chance.choice(["global", "wide"])
    limit = chance.choice([1200.0, 1200.0, 1.0])
    command = f"work {chance.choice([0.05, 0.3, 2.0])} {chance.choice([0, 0, 3])} {value}"
    patience = chance.choice([None, None, 4.0])
    outlives = chance.random() < 0.5
    try:
        with anyio.move_on_after(patience):
            books.answered[value] = await client.run_task(
                command,
                "/",
                queue,
                timeout_seconds=limit,
                on_disconnect="finish" if outlives else "kill",
                caller=CALLER,
            )
    except SignalpostError as error:
        books.errors[error.code] += 1


async def looker(self: Program, client: Client) -> None:
    """Look at everything, as people do; that must disturb nobody."""
    while not self.quiet.is_set():
        await self.pause(3.0)
        try:
            await client.queues()
            await client.tasks()
            await client.inboxes()
            names = [agent.name for agent in await client.agents()]
        except SignalpostError as error:
            self.books.errors[error.code] += 1
        else:
            if names != sorted(names) or len(set(names)) != len(names):
                self.books.faults.append(f"agents are listed as {names}")
