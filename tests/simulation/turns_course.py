"""Six programs in one line for short turns, who lose patience at any moment, under faults.

Most turns pass from one command to the next without the broker. Whatever it is
told meanwhile, it must know at once and for certain who has begun.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing

import anyio

from signalpost.transport.client import Client
from signalpost.transport.errors import SignalpostError
from tests.simulation.programs import Program
from tests.simulation.scenario import Scenario
from tests.simulation.task_parts import CALLER

PROGRAMS = 6


class TurnsCourse(Scenario):
    """Callers of one queue."""

    faulty_seconds = 10.0

    def _cast(self) -> None:
        self.programs += [
            Program(self.machine, self.books, f"r{number}", self._ask) for number in range(PROGRAMS)
        ]

    async def _ask(self, program: Program, client: Client) -> None:
        while not program.quiet.is_set():
            chance, value = program.chance, program.next_value()
            patience = chance.choice([None, chance.uniform(0.0, 0.5)])
            command = f"work {chance.uniform(0.01, 0.1)} 0 {value}"
            try:
                with anyio.move_on_after(patience):
                    self.books.answered[value] = await client.run_task(command, "/", caller=CALLER)
            except SignalpostError as error:
                self.books.errors[error.code] += 1

    # ------------------------------------------------------------ afterwards

    @property
    def passed(self) -> int:
        """How many turns have passed without the broker."""
        return len(self.machine.commands.passed)

    def wrong(self) -> list[str]:
        """Return what the store tells otherwise than it was."""
        with closing(sqlite3.connect(self.folder / "queue.db")) as connection:
            rows: list[tuple[int, str]] = connection.execute(
                "SELECT id, state FROM tasks ORDER BY id"
            ).fetchall()
        ended = self.machine.commands.ended
        order = self.machine.commands.order["global"]
        return [
            *(
                f"task {number} is {state} and was {ended[number]}"
                for number, state in rows
                if number in ended and (state == "success") != (ended[number].reason == "exit")
            ),
            *(f"{order} is not the order of asking" for _ in "1" if order != sorted(order)),
        ]
