"""One run: first everything goes wrong that can, then nothing does and all must come to rest."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import anyio

from signalpost.actors.settings import Settings
from signalpost.transport.letters import Role
from tests.simulation.bell_parts import SLEEPER, Visitor, sleeper, waiter
from tests.simulation.books import LEAVER, MOVER, Books, Stored
from tests.simulation.failpoints import Aim, Failpoints
from tests.simulation.loop import simulate
from tests.simulation.machine import Machine
from tests.simulation.mail_parts import asker, reader, writer
from tests.simulation.name_parts import leaver, mover
from tests.simulation.network import Line
from tests.simulation.programs import Part, Program
from tests.simulation.task_parts import looker, runner

S = TypeVar("S", bound="Scenario")
FAULTY_SECONDS = 30.0
CALM_SECONDS = 300.0
SETTINGS = Settings(queues={"wide": 2}, lease=3, inbox_bound=8, history_days=3650)


@dataclass
class Run:
    """What became of one seed."""

    seed: int
    wrong: list[str]
    trace: str
    counts: str
    passed: Counter[str]
    """How often each point was passed."""


class Scenario:
    """The cast of one run."""

    settings = SETTINGS
    faulty_seconds = FAULTY_SECONDS
    longest_peace = 3.0
    """Between two faults, in seconds."""

    def __init__(self, seed: int, folder: Path, aim: Aim | None = None) -> None:
        self.seed = seed
        self.points = Failpoints(aim)
        self.folder = folder
        self.chance = random.Random(seed)
        self.books = Books()
        self.machine: Machine
        self.programs: list[Program] = []
        self.kills = 0

    async def run(self) -> Run:
        async with anyio.create_task_group() as tasks:
            self.machine = Machine(
                self.chance, self.folder, self.settings, tasks, os.getuid(), self.points
            )
            self._cast()
            async with anyio.create_task_group() as acting:
                for program in self.programs:
                    acting.start_soon(program.run)
                await self._go_wrong()
                await self._come_to_rest()
            await self._settle()
            tasks.cancel_scope.cancel()
        stored = self._stored()
        wrong = self.books.check(stored, self.machine.commands)
        counts = self._counts(stored)
        return Run(self.seed, wrong, self._trace(stored), counts, self.points.passed)

    def _cast(self) -> None:
        parts: dict[str, Part] = {
            "ann": reader,
            "bob": reader,
            "pool#1": reader,
            "pool#2": reader,
            "ask1": asker("ann", "bob", "pool"),
            "w1": writer("ann", "bob", "pool", MOVER, LEAVER),
            "w2": writer("ann", "bob", "pool", MOVER, f"{MOVER}1"),
            MOVER: mover,
            LEAVER: leaver,
            "r1": runner,
            "r2": runner,
            "eve": looker,
            SLEEPER: sleeper,
            "w3": writer(SLEEPER, "ann"),
        }
        for name, part in parts.items():
            self._enlist(name, part)
        for name, agent in (("door1", SLEEPER), ("door2", SLEEPER), ("door3", "ann")):
            self.programs.append(Visitor(self.machine, self.books, name, waiter(agent)))

    def _enlist(self, name: str, part: Part) -> None:
        role: Role = "consumer" if part is reader else "publisher"
        self.programs.append(Program(self.machine, self.books, name, part, role))

    # ------------------------------------------------------------ the two phases

    async def _go_wrong(self) -> None:
        loop = asyncio.get_running_loop()
        faults = self._faults()
        while loop.time() < self.faulty_seconds:
            await anyio.sleep(self.chance.uniform(0.05, self.longest_peace))
            self.chance.choice(faults)()

    def _faults(self) -> list[Callable[[], None]]:
        return [
            self._kill_broker,
            self._kill_program,
            self._cut_line,
            self._deafen_line,
            self._fill_disk,
        ]

    def _kill_broker(self) -> None:
        self.kills += 1
        self.machine.kill_broker()

    def _kill_program(self) -> None:
        self.kills += 1
        self.chance.choice(self.programs).kill()

    def _cut_line(self) -> None:
        if lines := self._lines():
            self.chance.choice(lines).cut()

    def _deafen_line(self) -> None:
        if lines := self._lines():
            self.chance.choice(lines).go_deaf()

    def _lines(self) -> list[Line]:
        return sorted(self.machine.network.lines, key=lambda line: line.identity)

    def _fill_disk(self) -> None:
        disk = self.machine.disk
        disk.full = True
        asyncio.get_running_loop().call_later(
            self.chance.uniform(0.1, 2.0), lambda: setattr(disk, "full", False)
        )

    async def _come_to_rest(self) -> None:
        self.machine.network.calm = self.machine.disk.calm = True
        await anyio.sleep(3)
        for program in self.programs:
            program.quiet.set()
        with anyio.fail_after(CALM_SECONDS):
            await anyio.sleep(
                75
            )  # what was under way comes; what dead and deaf readers held comes back
            for program in self.programs:
                program.closing.set()
            for program in self.programs:
                await program.over.wait()

    async def _settle(self) -> None:
        """Let the last commits come through, then stop the broker."""
        await anyio.sleep(10)
        self.machine.kill_broker()
        await anyio.sleep(10)

    # ------------------------------------------------------------ what is left

    def _stored(self) -> list[Stored]:
        with closing(sqlite3.connect(self.folder / "queue.db")) as connection:
            return connection.execute(
                "SELECT content, id, recipient, state, attempts"
                " FROM messages JOIN bodies USING (seq) WHERE task_id IS NULL ORDER BY seq"
            ).fetchall()

    def _trace(self, stored: list[Stored]) -> str:
        digest, counts = self.machine.chronicle.digest(), self._counts(stored)
        return repr((digest, stored, self.books.seen, self.machine.commands.order, counts))

    def _counts(self, stored: list[Stored]) -> str:
        books = self.books
        return (
            f"{len(stored)} messages, {len(books.done)} done, {self.machine.lives} brokers,"
            f" {self.kills} kills, {len(self.machine.commands.ended)} tasks,"
            f" {books.rings} rings, errors {dict(sorted(books.errors.items()))}"
        )


@contextmanager
def played(
    seed: int, kind: type[S], aim: Aim | None = None
) -> Generator[tuple[S, Run], None, None]:
    """Run one seed in a folder of its own, and keep that for a while."""
    base = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(prefix="sim", dir=base) as folder:
        (Path(folder) / "output").mkdir()
        scenario = kind(seed, Path(folder), aim)
        found = simulate(scenario.chance, scenario.run)
        assert isinstance(found, Run)
        yield scenario, found


def run(seed: int, kind: type[Scenario] = Scenario, aim: Aim | None = None) -> Run:
    """Run one seed."""
    with played(seed, kind, aim) as (_, found):
        return found
