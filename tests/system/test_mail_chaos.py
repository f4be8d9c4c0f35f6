"""Writers and readers go on while the broker and the readers are killed again and again."""

from __future__ import annotations

import os
import random
import secrets
import time
from collections.abc import Callable
from pathlib import Path

import anyio
import psutil

from signalpost.transport import endpoint, lifeline
from signalpost.transport.letters import Held
from tests.system.ledger import Entry, Ledger
from tests.system.place import Place, Process, within
from tests.system.scribes import end_in_order, scribe

CHAOS_SECONDS = 15.0
WRITERS = ("w0", "w1", "w2")
READERS = {"r0": "solo", "r1": "pool", "r2": "pool"}
"""Whose mail each of them reads."""


class Cast:
    """The processes of one run, and who of them is killed when."""

    def __init__(self, place: Place, seed: int) -> None:
        self.place = place
        self.random = random.Random(seed)
        self.writers: dict[str, Process] = {}
        self.readers: dict[str, Process] = {}
        self.broker_deaths: list[float] = []
        self.reader_deaths = 0

    def start(self) -> None:
        for name in READERS:
            self._start_reader(name)
        for name in WRITERS:
            journal = self._journal(name)
            self.writers[name] = scribe(self.place, "write", journal, name, to=("solo", "pool"))

    def journals(self) -> list[Path]:
        return sorted(self.place.folder.glob("*.journal"))

    async def kill_now_and_then(self) -> None:
        with anyio.move_on_after(CHAOS_SECONDS):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._again_and_again, 0.8, 2.5, self._kill_broker)
                tasks.start_soon(self._again_and_again, 0.4, 1.2, self._kill_reader)

    def a_broker_died_at(self, when: float) -> bool:
        """Tell whether one died at about this time: its last deliveries it could not note."""
        return any(-0.5 < death - when < 0.2 for death in self.broker_deaths)

    async def end(self) -> None:
        """Let everybody finish what is in hand; the writers first, who may wait for room."""
        await end_in_order(self.writers.values())
        await end_in_order(self.readers.values())

    async def _again_and_again(self, least: float, most: float, kill: Callable[[], None]) -> None:
        while True:
            await anyio.sleep(self.random.uniform(least, most))  # so that it hits anything
            kill()

    def _kill_broker(self) -> None:
        published = endpoint.read_published(self.place.state)
        if published and lifeline.start_time(published.pid) == published.start_time:
            psutil.Process(published.pid).kill()
            self.broker_deaths.append(time.monotonic())

    def _kill_reader(self) -> None:
        name = self.random.choice(sorted(self.readers))
        self.readers[name].kill()
        self.reader_deaths += 1
        self._start_reader(name)

    def _start_reader(self, name: str) -> None:
        journal = self._journal(name)
        self.readers[name] = scribe(self.place, "read", journal, READERS[name], name=name)

    def _journal(self, name: str) -> Path:
        return self.place.folder / f"{name}.journal"


async def drain(place: Place, agent: str) -> list[Entry]:
    """Take all that is left."""
    found: list[Entry] = []
    async with place.client(agent) as client:
        while taken := (await client.take(wait_seconds=0, max_messages=32)).messages:
            found += [
                Entry(
                    time.monotonic(),
                    "got",
                    m.content,
                    agent,
                    m.id,
                    "",
                    "",
                    m.attempt,
                    m.redelivered,
                )
                for m in taken
            ]
            settled = await client.settle([Held(m.id, m.lease) for m in taken])
            assert not [each.code for each in settled if each.code]
    return found


@within(90)
async def test_nothing_is_lost_made_up_or_overtaken_whoever_is_killed(place: Place) -> None:
    seed = int(os.environ.get("SIGNALPOST_SEED") or secrets.randbits(32))
    print(f"SIGNALPOST_SEED={seed}")  # noqa: T201 - to try the same again
    place.options = ("--grace", "0.5", "--inbox-bound", "200")
    async with place.client("solo"), place.client("pool"):
        pass  # both are known from now on
    cast = Cast(place, seed)
    cast.start()
    await cast.kill_now_and_then()
    await cast.end()
    ledger = Ledger(cast.journals())
    left = [*await drain(place, "solo"), *await drain(place, "pool")]
    ledger.add(left)
    again = ledger.again()
    unmarked = [pair for pair in again if not pair[1].redelivered]
    print(  # noqa: T201 - what this run has seen
        f"killed {len(cast.broker_deaths)} brokers and {cast.reader_deaths} readers; tried {len(ledger.tried)}, confirmed {len(ledger.confirmed)},"
        f" read {len(ledger.read)} (left for the end {len(left)}),"
        f" recovered {len(ledger.recovered)}, read again {len(again)}, of them unmarked"
        f" {len(unmarked)}; errors {dict(ledger.errors)}"
    )
    assert len(ledger.confirmed) > 100
    assert (ledger.lost, ledger.unexpected) == (set(), set())
    assert ledger.overtaken("solo") == []
    assert [pair for pair in unmarked if not cast.a_broker_died_at(pair[0].at)] == []
    kept = place.stored(
        "SELECT content, id, state FROM messages JOIN bodies USING (seq) ORDER BY seq"
    )
    assert len({content for content, _, _ in kept}) == len(kept)
    assert len({message_id for _, message_id, _ in kept}) == len(kept)
    stored = {content: message_id for content, message_id, _ in kept}
    assert ledger.confirmed.items() <= stored.items()
    assert {state for _, _, state in kept} == {"done"}
    assert all(stored[entry.value] == entry.id for entry in ledger.reads)
