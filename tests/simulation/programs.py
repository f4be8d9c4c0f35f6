"""Programs on a simulated machine: the product's own client, in processes that may be killed."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable

import anyio

from signalpost.transport.client import Client, Identity
from signalpost.transport.errors import SignalpostError
from signalpost.transport.letters import Role
from tests.simulation.books import Books
from tests.simulation.machine import Machine, SimulatedReach

Part = Callable[["Program", Client], Awaitable[None]]


class Program:
    """One agent, in one process after another."""

    def __init__(
        self, machine: Machine, books: Books, name: str, part: Part, role: Role = "publisher"
    ) -> None:
        self.machine = machine
        self.books = books
        self.name, _, self.number = name.partition("#")
        self.role: Role = role
        self.chance = machine.chance
        self.quiet = anyio.Event()
        """Set when it is to behave well, and to begin nothing new."""
        self.closing = anyio.Event()
        """Set when it may leave as soon as there is nothing left to do."""
        self.over = anyio.Event()
        self.names: list[str] = []
        """The other names that it has wanted to have."""
        self._part = part
        self._scope = anyio.CancelScope()
        self._reach: SimulatedReach | None = None
        self._pid = 0
        self._numbers = itertools.count(1)

    def next_value(self) -> str:
        return f"{self.name}-{next(self._numbers)}"

    async def run(self) -> None:
        """Live, and live again when killed, until the part is over."""
        while not self.over.is_set():
            self._pid = self.machine.fork()
            self._reach = SimulatedReach(self.machine, self._pid)
            self.machine.killers[self._pid] = self.kill
            with anyio.CancelScope() as self._scope:
                await self._live(self._reach)
                self.over.set()
            if not self.over.is_set():
                await anyio.sleep(self.chance.uniform(0.05, 1.0))

    async def _live(self, reach: SimulatedReach) -> None:
        client = Client(
            self._identity(),
            data_dir=self.machine.folder,
            reach=reach,
            fresh=self.machine.fresh,
        )
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.run)
            await self._register(client)
            await self._part(self, client)
            await client.close()
            tasks.cancel_scope.cancel()
        self.machine.kill(self._pid)

    def _identity(self) -> Identity:
        return Identity(agent=self.name)

    async def _register(self, client: Client) -> None:
        while True:
            try:
                await client.register(self.name, role=self.role)
            except SignalpostError as error:
                self.books.errors[error.code] += 1
                await self.pause(1.0)
            else:
                return

    def kill(self) -> None:
        """SIGKILL."""
        if self._reach is None or self.over.is_set():
            return
        self._reach.kill()
        self.machine.kill(self._pid)
        self._scope.cancel()

    async def pause(self, most: float) -> None:
        await anyio.sleep(self.chance.uniform(0, most))
