"""Eight programs with one inbox between them, as fast as they can, and the history of it.

What came twice, or marked as given to somebody before, has kept its place but not its
turn: it is left out, which cannot make a right history wrong.
"""

from __future__ import annotations

import asyncio
from collections import Counter

from signalpost.actors.settings import Settings
from signalpost.transport.client import Client
from signalpost.transport.errors import SignalpostError
from signalpost.transport.letters import Held, Role
from tests.simulation.books import SHARED
from tests.simulation.programs import Part, Program
from tests.simulation.queue_history import EVER, Got, History, Put
from tests.simulation.scenario import Scenario

WRITERS = 4
READERS = 4


class FifoCourse(Scenario):
    """Writers and readers of one inbox under faults."""

    settings = Settings(lease=3, inbox_bound=100, history_days=3650)
    faulty_seconds = 3.0

    def _cast(self) -> None:
        self.puts: dict[str, Put] = {}
        self.gots: list[tuple[Got, bool]] = []
        """What came when, and whether it was marked."""
        parts: dict[str, Part] = {
            **{f"{SHARED}#{number}": self._read for number in range(READERS)},
            **{f"w{number}": self._write for number in range(WRITERS)},
        }
        for name, part in parts.items():
            role: Role = "consumer" if part == self._read else "publisher"
            self.programs.append(Program(self.machine, self.books, name, part, role))

    # ------------------------------------------------------------ parts

    async def _write(self, program: Program, client: Client) -> None:
        while not program.quiet.is_set():
            value = program.next_value()
            self.books.tried[value] = (SHARED,)
            start = _now()
            self.puts[value] = Put(value, start, EVER)
            try:
                sent = await client.send(SHARED, value)
            except SignalpostError as error:
                self.books.errors[error.code] += 1
            else:
                self.puts[value] = Put(value, start, _now())
                self.books.sent(value, sent.sent[0])

    async def _read(self, program: Program, client: Client) -> None:
        idle = 0
        while not (program.closing.is_set() and idle > 1):
            try:
                idle = 0 if await self._take(program, client) else idle + 1
            except SignalpostError as error:
                self.books.errors[error.code] += 1
                await program.pause(0.5)

    async def _take(self, program: Program, client: Client) -> bool:
        wait = 2.0 if program.quiet.is_set() else program.chance.choice([0, 0, 0.05])
        start = _now()
        taken = (await client.take(wait_seconds=wait, max_messages=2)).messages
        for each in taken:
            self.books.came(program, each)
            self.gots.append((Got(each.content, start, _now()), each.redelivered))
        if not taken and not wait:
            self.gots.append((Got(None, start, _now()), False))
        if taken:
            for said in await client.settle([Held(each.id, each.lease) for each in taken]):
                content = next(each.content for each in taken if each.id == said.message_id)
                if not said.code:
                    self.books.done[said.message_id, SHARED] = content
        return bool(taken)

    # ------------------------------------------------------------ afterwards

    def history(self) -> History:
        """Return what concerns those values that came once, and unmarked, and were taken well."""
        done = {content for content, _, _, state, _ in self._stored() if state == "done"}
        times = Counter(got.value for got, _ in self.gots)
        marked = {got.value for got, redelivered in self.gots if redelivered}
        clean = {value for value in done if times[value] == 1} - marked
        return History(
            {value: put for value, put in self.puts.items() if value in clean},
            [got for got, _ in self.gots if got.value is None or got.value in clean],
            self.machine.deaths,
        )


def _now() -> float:
    return asyncio.get_running_loop().time()
