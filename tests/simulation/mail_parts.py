"""What programs of a simulation do with mail."""

from __future__ import annotations

from contextlib import suppress

import anyio

from signalpost.transport.client import Client
from signalpost.transport.errors import DeadlineExceeded, SignalpostError, StaleLease, UnknownAgent
from signalpost.transport.letters import Delivery, Goal, Held
from signalpost.transport.received import Received
from tests.simulation.books import ANY, SHARED
from tests.simulation.programs import Part, Program

_GOALS: tuple[Goal, ...] = ("stored", "stored", "delivered", "acked")


class GivenBack(Exception):
    """The work on a message has failed."""


# ---------------------------------------------------------------- sending


def writer(*recipients: str) -> Part:
    """Send to them, one or several at a time, or to any consumer."""

    async def part(self: Program, client: Client) -> None:
        while not self.quiet.is_set():
            await self.pause(0.5)
            await _write(self, client, recipients)

    return part


async def _write(self: Program, client: Client, recipients: tuple[str, ...]) -> None:
    chance, books = self.chance, self.books
    value = self.next_value()
    several = chance.random() < 0.25
    to = sorted(chance.sample([*recipients, ANY], 2)) if several else [chance.choice(recipients)]
    books.tried[value] = tuple(books.first_name(name) for name in to)
    goal = "stored" if several else chance.choice(_GOALS)
    try:
        with anyio.move_on_after(chance.choice([None, None, None, 1.0])):
            sent = await client.send(
                to if several else to[0],
                value,
                wait_for=goal,
                wait_seconds=None if goal == "stored" else chance.uniform(0.1, 5),
                park_seconds=chance.choice([0.0, 5.0, 20.0]),
                ttl_seconds=chance.choice([None, None, None, 3.0]),
            )
            for each in sent.sent:
                books.sent(value, each)
    except SignalpostError as error:
        books.errors[error.code] += 1


def asker(*others: str) -> Part:
    """Ask, await the reply, and take the late ones as mail."""

    async def part(self: Program, client: Client) -> None:
        while not self.quiet.is_set():
            await self.pause(1.0)
            await _ask(self, client, self.chance.choice(others))
        await reader(self, client)

    return part


async def _ask(self: Program, client: Client, other: str) -> None:
    value = self.next_value()
    self.books.tried[value] = (other,)
    try:
        reply = await client.ask(other, value, wait_seconds=self.chance.uniform(0.2, 8))
    except (DeadlineExceeded, UnknownAgent) as error:
        self.books.errors[error.code] += 1
    except SignalpostError as error:
        self.books.errors[error.code] += 1
    else:
        if not reply.content.startswith(f"{other}>{value}>"):
            self.books.faults.append(f"{self.name} asked {value} and was told {reply.content}")
        self.books.came(self, reply)


# ---------------------------------------------------------------- receiving


async def reader(self: Program, client: Client) -> None:
    """Receive, and work on what comes, with more or less luck."""
    idle = 0
    while not (self.closing.is_set() and idle > 1):
        try:
            idle = 0 if await read(self, client) else idle + 1
        except SignalpostError as error:
            self.books.errors[error.code] += 1
            await self.pause(0.5)


async def read(self: Program, client: Client) -> bool:
    """Receive a message and work on it; return whether there was one."""
    chance = self.chance
    quiet = self.quiet.is_set()
    if not quiet and chance.random() < 0.2:
        return await _take_some(self, client)
    with suppress(GivenBack, StaleLease), anyio.move_on_after(None if quiet else 30):
        async with client.receive(wait_seconds=_patience(self)) as mail:
            if mail is None:
                return False
            self.books.came(self, mail)
            self.books.tokens.pop((mail.id, self.name), None)
            with anyio.move_on_after(chance.choice([None, None, 0.2])) as hurry:
                await _work(self, client, mail)
            if hurry.cancelled_caught:
                raise GivenBack
        # A reply says less than an acknowledgement: on a full disk it is kept, and its question
        # not yet done; and who replies under an old lease leaves the question to who has it now.
        replied = mail.sender.startswith("ask")
        if not (replied and (self.machine.disk.full or self.name == SHARED)):
            key = (mail.id, self.name)
            self.books.done[key] = mail.content
            if replied:
                self.books.replied.add(key)
    return True


def _patience(self: Program) -> float:
    if self.closing.is_set():
        return 2.0
    return 20.0 if self.quiet.is_set() else self.chance.uniform(0, 20)


async def _work(self: Program, client: Client, mail: Received) -> None:
    quiet = self.quiet.is_set()
    await self.pause(0.01 if quiet else 0.4)
    if not quiet and self.chance.random() < 0.1:
        raise GivenBack
    if mail.sender.startswith("ask") and mail.kind == "task":
        answer = f"{self.name}>{mail.content}>{next(self.books.answers)}"
        self.books.tried[answer] = (mail.sender,)
        await mail.reply(answer)


async def _take_some(self: Program, client: Client) -> bool:
    """Take several without extending their leases, be slow at times, and acknowledge late."""
    taken = (await client.take(wait_seconds=1, max_messages=3)).messages
    for delivery in taken:
        self.books.came(self, delivery)
        self.books.leased(self.name, delivery)
    await self.pause(self.chance.choice([0.2, 6.0]))
    if taken:
        await _settle(self, client, taken)
    return bool(taken)


async def _settle(self: Program, client: Client, taken: list[Delivery]) -> None:
    outcome = self.chance.choice(["ack", "ack", "nack", "return"])
    held = [Held(delivery.id, delivery.lease) for delivery in taken]
    stale = [self.books.is_stale(self.name, delivery) for delivery in taken]
    settled = await client.settle(held, outcome)  # type: ignore[arg-type]
    for delivery, said, was_stale in zip(taken, settled, stale, strict=True):
        if not said.code and was_stale:
            self.books.faults.append(f"{self.name} settled {delivery.content} by an old lease")
        if not said.code and outcome == "ack":
            self.books.done[delivery.id, self.name] = delivery.content
