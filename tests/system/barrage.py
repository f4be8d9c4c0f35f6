"""Very many calls of all kinds at once, and how each of them has ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Sequence
from functools import partial
from pathlib import Path

import anyio
from anyio.abc import TaskGroup

from signalpost.transport.client import Client
from signalpost.transport.errors import SignalpostError

WAIT_SECONDS = 1.0
"""So long each call lets the broker wait that lets it wait at all."""
MOST_SECONDS = 60.0
"""A client knows after 40 s that its line carries nothing."""
DEAF = "deaf"
"""An agent that never replies."""
QUEUE = "held"
EACH = 50
"""Calls that one client makes at once."""


class Barrage:
    """One client's calls. ``log`` is a file to which each task adds its line. Task 1 is looked at."""

    def __init__(self, client: Client, to: str, log: Path) -> None:
        self._client = client
        self._to = to
        self._log = log
        self.ended: dict[str, str] = {}
        """``answered`` or the code of the refusal, by the name of each call."""
        self.confirmed: dict[str, str] = {}
        """The ids of messages that are on disk, by what they say."""

    def start(self, tasks: TaskGroup, *, first: int, count: int = EACH) -> list[str]:
        """Begin calls and return their names."""
        kinds = (self._send, self._ask, self._receive, self._run, self._status, self._look)
        names: list[str] = []
        for number in range(first, first + count):
            kind = kinds[number % len(kinds)]
            name = f"{self._client.agent}{kind.__name__}-{number}"
            names.append(name)
            tasks.start_soon(self._see, name, partial(kind, name)())
        return names

    async def waited(self) -> None:
        """Return when the broker has taken up what was begun."""
        await self._client.ping()

    async def _see(self, name: str, call: Awaitable[object]) -> None:
        try:
            with anyio.fail_after(MOST_SECONDS):
                await call
        except SignalpostError as error:
            self.ended[name] = error.code
        except TimeoutError:
            self.ended[name] = "hung"
        else:
            self.ended[name] = "answered"

    async def _send(self, name: str) -> None:
        sent = await self._client.send(self._to, name, park_seconds=WAIT_SECONDS)
        self.confirmed[name] = sent.sent[0].message_id

    async def _ask(self, name: str) -> None:
        await self._client.ask(DEAF, name, wait_seconds=WAIT_SECONDS)

    async def _receive(self, name: str) -> None:
        await self._client.take(wait_seconds=WAIT_SECONDS, sender=name)

    async def _run(self, name: str) -> None:
        await self._client.run_task(f"echo {name} >>{self._log}", "/tmp", QUEUE)

    async def _status(self, _name: str) -> None:
        await self._client.task_status(1, WAIT_SECONDS)

    async def _look(self, _name: str) -> None:
        await self._client.tasks()
        await self._client.agents()
        await self._client.inboxes()


def endings(barrages: Sequence[Barrage]) -> dict[str, Counter[str]]:
    """Return how calls have ended, by their kinds."""
    found: dict[str, Counter[str]] = {}
    for barrage in barrages:
        for name, how in barrage.ended.items():
            kind = name.partition("_")[2].partition("-")[0]
            found.setdefault(kind, Counter())[how] += 1
    return found
