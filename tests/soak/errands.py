"""Those who run tasks without end, and what they were told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import anyio

from signalpost.transport.client import Client
from signalpost.transport.errors import BrokerUnavailable, SignalpostError
from signalpost.transport.messages import TaskReport
from tests.system.place import Place

QUEUES = ("global", "wide")
CODES = 3
"""Commands end with 0 and the codes below this, in turn."""


class Errands:
    """Commands that write down that they ran, and a look at what was said of them."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._ran = place.folder / "ran"
        self._ran.touch()
        self.states: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._told: set[str] = set()

    async def introduce(self, names: Iterable[str]) -> None:
        """Have them known as those to whom nobody writes; results that nobody took they get."""
        for name in names:
            async with self._place.client(name) as client:
                await client.register(name, role="publisher")

    async def run(self, name: str, ending: anyio.Event) -> None:
        """Run one command after the other until told to end."""
        number = 0
        while not ending.is_set():
            try:
                async with self._place.client(name) as client:
                    while not ending.is_set():
                        number += 1
                        await self._one(client, f"{name}-{number}", number)
            except BrokerUnavailable as error:  # it was killed while it started
                self.errors[error.code] += 1

    async def _one(self, client: Client, mark: str, number: int) -> None:
        code = number % CODES
        command = f"echo {mark} >>{self._ran}; sleep 0.05; exit {code}"
        try:
            queue = QUEUES[number % len(QUEUES)]
            report = await client.run_task(command, "/tmp", queue_name=queue)
        except SignalpostError as error:
            self.errors[error.code] += 1
        else:
            self._note(report, mark, code)

    def _note(self, report: TaskReport, mark: str, code: int) -> None:
        self.states[report.state] += 1
        if report.state in ("success", "failed"):
            self._told.add(mark)
            # A shell that was killed with its shim has no code; nothing else kills one.
            if report.exit_code != code:
                self.wrong.append(f"{mark}: {report.state} {report.exit_code}, not {code}")
        elif report.state != "lost":
            self.wrong.append(f"{mark}: {report.state}")

    def check(self) -> list[str]:
        """Return what is wrong: with a result, or because a command ran twice or never."""
        ran = Counter(Path(self._ran).read_text().split())
        twice = [f"{mark}: ran {count} times" for mark, count in ran.items() if count > 1]
        never = [f"{mark}: never ran" for mark in self._told - ran.keys()]
        return [*self.wrong, *twice, *never]
