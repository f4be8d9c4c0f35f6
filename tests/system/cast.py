"""Those who write and read in the chaos test, and what is done to them and to the broker."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Literal, NamedTuple

import anyio
import anyio.to_thread
import psutil

from signalpost.transport import endpoint
from signalpost.transport.process import start_time
from tests.system.place import Place, Process
from tests.system.scribes import end_in_order, scribe

ANY = "any:role:consumer"
WRITERS = ("w0", "w1", "w2")
ADDRESSES = ("solo", "pool", ANY, "solo,pool,side", f"{ANY},side")
READERS = {"r0": "solo", "r1": "pool", "r2": "pool", "r3": "side"}
"""Whose mail each of them reads."""
GATHERING = ("r2", "r3")
"""Who takes and settles several at once."""
SHORT = (0.05, 0.5)
BROKER = "broker"
COMMIT_SECONDS = 0.5
"""So long a commit is waited for: the broker may stand still."""


class Pause(NamedTuple):
    """For so long one of them stood still."""

    who: str
    start: float
    end: float


class Cast:
    """The processes of one run, and who of them is killed or stopped when."""

    def __init__(self, place: Place, seed: int, lease: float) -> None:
        self.place = place
        self.random = random.Random(seed)
        self.writers: dict[str, Process] = {}
        self.readers: dict[str, Process] = {}
        self.broker_deaths: list[float] = []
        self.reader_deaths = 0
        self.pauses: list[Pause] = []
        self._long = (1.2 * lease, 2 * lease)
        self._seeds = (f"{seed}/{number}" for number in range(10**6))

    def start(self) -> None:
        for name in READERS:
            self._start_reader(name)
        for name in WRITERS:
            journal = self._journal(name)
            self.writers[name] = scribe(self.place, "write", journal, name, to=ADDRESSES)

    def journals(self) -> list[Path]:
        return sorted(self.place.folder.glob("*.journal"))

    async def kill_and_stop_for(self, seconds: float) -> None:
        with anyio.move_on_after(seconds):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._again_and_again, 0.8, 2.5, self._kill_broker)
                tasks.start_soon(self._again_and_again, 0.4, 1.2, self._kill_reader)
                tasks.start_soon(self._again_and_again, 0.5, 2.0, self._stop_broker)
                tasks.start_soon(self._again_and_again, 0.1, 0.4, self._stop_reader)
                tasks.start_soon(self._again_and_again, 0.1, 0.4, self._stop_reader)

    async def end(self) -> None:
        """Let everybody finish what is in hand; the writers first, who may wait for room."""
        await end_in_order(self.writers.values())
        await end_in_order(self.readers.values())

    # ------------------------------------------------------------ afterwards

    def longest(self, who: str) -> list[Pause]:
        """Return the pauses of those whose names begin so that were longer than a lease."""
        least = self._long[0]
        return [p for p in self.pauses if p.who.startswith(who) and p.end - p.start >= least]

    def a_broker_died_at(self, when: float, reader: str) -> bool:
        """Tell whether one died at about this time: its last deliveries it could not note.

        Who stands still reads late, and a broker that stands still notes late.
        """
        least, most = when - 0.5, when + 0.2
        for pause in sorted(self.pauses, key=lambda pause: pause.start):
            if pause.who in (reader, BROKER) and pause.start < most and pause.end > least:
                least, most = min(least, pause.start - 0.5), max(most, pause.end + 0.2)
        return self.a_broker_died(least, most)

    def a_broker_died(self, since: float, until: float) -> bool:
        return any(since < death < until for death in self.broker_deaths)

    # ------------------------------------------------------------ inside

    async def _again_and_again(
        self, least: float, most: float, strike: Callable[[], Awaitable[None]]
    ) -> None:
        while True:
            await anyio.sleep(self.random.uniform(least, most))  # so that it hits anything
            await strike()

    async def _kill_broker(self) -> None:
        if (broker := self._broker()) is not None:
            if self.random.random() < 0.5:  # when something is on disk and perhaps not yet said
                await anyio.to_thread.run_sync(self._see_commit)
            with suppress(psutil.NoSuchProcess):  # killed before, and no other serves yet
                broker.kill()
                self.broker_deaths.append(time.monotonic())

    async def _kill_reader(self) -> None:
        name = self.random.choice(sorted(self.readers))
        self.readers[name].kill()
        self.reader_deaths += 1
        self._start_reader(name)

    async def _stop_broker(self) -> None:
        if (broker := self._broker()) is not None:
            await self._stop(BROKER, broker)

    async def _stop_reader(self) -> None:
        name = self.random.choice(sorted(self.readers))
        await self._stop(name, psutil.Process(self.readers[name].pid))

    async def _stop(self, who: str, process: psutil.Process) -> None:
        seconds = self.random.uniform(*self.random.choice((SHORT, self._long)))
        start = time.monotonic()
        with suppress(psutil.NoSuchProcess):  # it may be killed meanwhile, too
            process.suspend()
            try:
                await anyio.sleep(seconds)
            finally:
                self.pauses.append(Pause(who, start, time.monotonic()))
                process.resume()

    def _see_commit(self) -> None:
        """Return right after the broker has committed, or after a while."""
        uri = f"file:{self.place.state}/queue.db?mode=ro"
        until = time.monotonic() + COMMIT_SECONDS
        with closing(sqlite3.connect(uri, uri=True)) as store:
            versions = iter(lambda: store.execute("PRAGMA data_version").fetchone(), None)
            first = next(versions)
            next(v for v in versions if v != first or time.monotonic() > until)

    def _broker(self) -> psutil.Process | None:
        published = endpoint.read_published(self.place.state)
        if published and start_time(published.pid) == published.start_time:
            with suppress(psutil.NoSuchProcess):
                return psutil.Process(published.pid)
        return None

    def _start_reader(self, name: str) -> None:
        journal, agent, seed = self._journal(name), READERS[name], next(self._seeds)
        do: Literal["gather", "read"] = "gather" if name in GATHERING else "read"
        self.readers[name] = scribe(self.place, do, journal, agent, name=name, seed=seed)

    def _journal(self, name: str) -> Path:
        return self.place.folder / f"{name}.journal"
