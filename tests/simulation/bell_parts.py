"""Those of a simulation who wait at a doorbell, and an agent that does not ask for its mail."""

from __future__ import annotations

import anyio

from signalpost.transport.bell import Doorstep
from signalpost.transport.client import Client, Identity
from signalpost.transport.errors import DeadlineExceeded, SignalpostError
from signalpost.transport.letters import RingOutcome
from tests.simulation.mail_parts import read, reader
from tests.simulation.programs import Part, Program

SLEEPER = "sam"
CALM_SECONDS = 55.0
"""Long enough for every session that has died, and every lease, to end."""


class Visitor(Program):
    """A process that speaks for no agent."""

    def _identity(self) -> Identity:
        return Identity(kind="door")

    async def _register(self, client: Client) -> None:
        """It is nobody."""


async def sleeper(self: Program, client: Client) -> None:
    """Read seldom, and switch the bell off for a time."""
    while not self.quiet.is_set():
        await self.pause(4.0)
        try:
            await client.set_bell(on=self.chance.random() < 0.8, every_seconds=0.5)
            await read(self, client)
        except SignalpostError as error:
            self.books.errors[error.code] += 1
    await _switch_on(self, client)
    await self.closing.wait()
    await reader(self, client)


async def _switch_on(self: Program, client: Client) -> None:
    while True:
        try:
            await client.set_bell(on=True)
        except SignalpostError as error:
            self.books.errors[error.code] += 1
        else:
            return


def waiter(agent: str) -> Part:
    """Wait at the bell of an agent again and again, and say what became of most rings."""

    async def part(self: Program, client: Client) -> None:
        after = 0
        while not self.quiet.is_set():
            after = await _wait(self, client, agent, after)
        with anyio.move_on_after(CALM_SECONDS):
            while True:
                await _wait(self, client, agent, 0)
        await _see_that_all_is_told(self, client, agent)

    return part


async def _wait(self: Program, client: Client, agent: str, after: int) -> int:
    """Wait once; return the cursor of which the bell is not to be rung again for this one."""
    quiet, chance = self.quiet.is_set(), self.chance
    step = Doorstep()
    try:
        with anyio.move_on_after(chance.choice([None, None, 2.0]) if not quiet else None):
            wait = 10.0 if quiet else chance.uniform(0.1, 10)
            step = await client.await_bell(agent, way="pty", after=after, wait_seconds=wait)
    except SignalpostError as error:
        self.books.errors[error.code] += 1
        # A line that was half-open before is noticed after 30 s, and may take the call along.
        if quiet and error.code != DeadlineExceeded.code:
            self.books.faults.append(f"who waited for {agent} was told {error.code}")
    if step.news:
        return await _rung(self, client, step, after)
    if not step.agent:
        await self.pause(1.0)
    return 0


async def _rung(self: Program, client: Client, step: Doorstep, after: int) -> int:
    epoch = client.published.epoch if client.published is not None else ""
    key = (step.agent, step.cursor, epoch)
    if key in self.books.told and not self.books.takes_back(step.agent, step.cursor):
        self.books.faults.append(f"{step.agent} was told twice of {step.cursor}")
    if step.cursor <= after:
        self.books.faults.append(f"{self.name} was rung for {step.cursor}, which it knows")
    self.books.rings += 1
    if not self.quiet.is_set() and self.chance.random() < 0.3:
        self.books.given_up[step.agent, step.cursor] += 1
        await _note(self, client, step, "gave_up")
        return step.cursor
    await _note(self, client, step, "typed")
    self.books.told.add(key)
    return 0


async def _note(self: Program, client: Client, step: Doorstep, outcome: RingOutcome) -> None:
    """Say what became of a ring, until that is heard: nobody but who does so has told anything."""
    while True:
        try:
            await client.note_ring(step.agent, step.cursor, "pty", outcome)
        except SignalpostError as error:
            self.books.errors[error.code] += 1
            await self.pause(0.5)
        else:
            return


async def _see_that_all_is_told(self: Program, client: Client, agent: str) -> None:
    try:
        step = await client.look_at_bell(agent)
        rings = (await client.set_bell(agent)).rings
        waiting = await client.peek(agent, max_messages=32)
    except SignalpostError as error:
        self.books.faults.append(f"the bell of {agent} could not be looked at: {error.code}")
        return
    if step.news:
        self.books.faults.append(f"{agent} has news of which nobody who waited was told")
    told = max((ring.at for ring in rings if ring.outcome == "typed"), default=0.0)
    for message in waiting:
        if message.sent_at > told and not message.redelivered:
            self.books.faults.append(f"nobody was told of {message.content} to {agent}")
