"""Programs on a simulated machine: the product's own client, in processes that may be killed."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from contextlib import suppress

import anyio

from signalpost.transport.caller import Caller
from signalpost.transport.client import Client, Identity
from signalpost.transport.errors import SignalpostError, StaleLease
from tests.simulation.books import Books
from tests.simulation.machine import Machine, SimulatedReach

CALLER = Caller(environment={}, umask=0o022, limits={}, nice=0, parent="")
Part = Callable[["Program", Client], Awaitable[None]]


class GivenBack(Exception):
    """The work on a message has failed."""


class Program:
    """One agent, in one process after another."""

    def __init__(self, machine: Machine, books: Books, name: str, part: Part) -> None:
        self.machine = machine
        self.books = books
        self.name = name
        self.chance = machine.chance
        self.quiet = anyio.Event()
        """Set when it is to end what it does, and to begin nothing new."""
        self.over = anyio.Event()
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
            with anyio.CancelScope() as self._scope:
                await self._live(self._reach)
                self.over.set()
            if not self.over.is_set():
                await anyio.sleep(self.chance.uniform(0.05, 1.0))

    async def _live(self, reach: SimulatedReach) -> None:
        client = Client(Identity(agent=self.name), data_dir=self.machine.folder, reach=reach)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.run)
            await self._part(self, client)
            await client.close()
            tasks.cancel_scope.cancel()
        self.machine.kill(self._pid)

    def kill(self) -> None:
        """SIGKILL."""
        if self._reach is None or self.over.is_set():
            return
        self._reach.kill()
        self.machine.kill(self._pid)
        self._scope.cancel()

    async def pause(self, most: float) -> None:
        await anyio.sleep(self.chance.uniform(0, most))


# ---------------------------------------------------------------- parts


def writer(*recipients: str) -> Part:
    """Send to them, one or several at a time."""

    async def part(self: Program, client: Client) -> None:
        while not self.quiet.is_set():
            await self.pause(0.5)
            await _write(self, client, recipients)

    return part


async def _write(self: Program, client: Client, recipients: tuple[str, ...]) -> None:
    chance, books = self.chance, self.books
    value = self.next_value()
    several = chance.random() < 0.2
    to = sorted(chance.sample(recipients, 2)) if several else [chance.choice(recipients)]
    books.tried[value] = tuple(to)
    goal = "stored" if several else chance.choice(["stored", "stored", "delivered", "acked"])
    try:
        sent = await client.send(
            to if several else to[0],
            value,
            wait_for=goal,  # type: ignore[arg-type]
            wait_seconds=None if goal == "stored" else chance.uniform(0.1, 5),
            park_seconds=chance.choice([0.0, 5.0, 20.0]),
        )
    except SignalpostError as error:
        books.errors[error.code] += 1
    else:
        for each in sent.sent:
            books.sent(value, each)


async def reader(self: Program, client: Client) -> None:
    """Receive, and work on what comes, with more or less luck."""
    idle = 0
    while not (self.quiet.is_set() and idle > 1):
        try:
            idle = 0 if await _read(self, client) else idle + 1
        except SignalpostError as error:
            self.books.errors[error.code] += 1
            await self.pause(0.5)


async def _read(self: Program, client: Client) -> bool:
    chance, books = self.chance, self.books
    quiet = self.quiet.is_set()
    value = ""
    with suppress(GivenBack, StaleLease):
        async with client.receive(wait_seconds=2.0 if quiet else chance.uniform(0, 20)) as mail:
            if mail is None:
                return False
            value = mail.content
            books.came(self.name, value, mail.attempt, redelivered=mail.redelivered)
            await self.pause(0.01 if quiet else 0.4)
            if not quiet and chance.random() < 0.15:
                raise GivenBack
        books.done[value, self.name] = mail.id
    return True


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
    try:
        with anyio.move_on_after(patience):
            books.answered[value] = await client.run_task(
                command, "/", queue, timeout_seconds=limit, caller=CALLER
            )
    except SignalpostError as error:
        books.errors[error.code] += 1
