"""Writers and readers go on while the broker and the readers are killed and stopped again and again.

Some of what is read is given back, a few messages are never taken well by anybody,
and some readers acknowledge several at once. In the end journals and store are
compared: see :mod:`audit`.

The order that is promised is that of acceptance, by inbox, and redelivery keeps the
place. So what a writer sends one after the other lies in each inbox in that order;
one reader gets in that order what is not marked as redelivered, but for what was
given out beside a commit that a broker's death prevented; and what the only reader
of an inbox gives back, or something older, is what it gets next.
"""

from __future__ import annotations

import os
import secrets
from contextlib import closing

from signalpost.transport.client import Client
from signalpost.transport.letters import Outcome
from tests.system.audit import Audit, rows
from tests.system.cast import WRITERS, Cast
from tests.system.ledger import Entry, Ledger
from tests.system.place import Place, within
from tests.system.post_script import Scribe, is_bad, settle

CHAOS_SECONDS = 15.0
LEASE = 1.0
AGENTS = ("solo", "pool", "side")
CONSUMERS = ("solo", "pool")


async def introduce(place: Place) -> None:
    """Have all known from now on, and what they do."""
    for name in (*AGENTS, *WRITERS):
        async with place.client(name) as client:
            await client.register(name, role="consumer" if name in CONSUMERS else "publisher")


async def drain(place: Place, agent: str) -> None:
    """Take all that is left, and journal it."""
    path = place.folder / f"{agent}.journal"
    with closing(Scribe(path, agent)) as scribe:
        async with place.client(agent) as client:
            await take_all(client, scribe)


async def take_all(client: Client, scribe: Scribe) -> None:
    while taken := (await client.take(wait_seconds=0, max_messages=32)).messages:
        for message in taken:
            scribe.note_got(message)
        fates: list[Outcome] = ["nack" if is_bad(m.content) else "ack" for m in taken]
        await settle(client, scribe, [*zip(taken, fates, strict=True)])


def said(cast: Cast, ledger: Ledger, unmarked: list[tuple[Entry, Entry]]) -> str:
    """Return what this run has seen."""
    nacks, returns = (ledger.settling(outcome).total() for outcome in ("nack", "return"))
    left = sum(entry.by in AGENTS for entry in ledger.reads)
    return (
        f"killed {len(cast.broker_deaths)} brokers and {cast.reader_deaths} readers; stopped the"
        f" broker {len([p for p in cast.pauses if p.who == 'broker'])} times and readers"
        f" {len([p for p in cast.pauses if p.who != 'broker'])} times, past their lease"
        f" {len(cast.longest('r'))}; tried {len(ledger.tried)}, confirmed"
        f" {len(ledger.confirmed)} messages, refused {dict(ledger.refused)}; read"
        f" {len(ledger.read)} (reads at the end {left}), lost {len(ledger.lost)}, unexpected"
        f" {len(ledger.unexpected)}, recovered {len(ledger.recovered)}; nacked {nacks}, returned"
        f" {returns}, stale {ledger.stale}, read again {len(ledger.again())}, of them unmarked"
        f" {len(unmarked)}; errors {dict(ledger.errors)}"
    )


@within(90)
async def test_nothing_is_lost_made_up_or_overtaken_whoever_is_killed_or_stopped(
    place: Place,
) -> None:
    seed = int(os.environ.get("SIGNALPOST_SEED") or secrets.randbits(32))
    print(f"SIGNALPOST_SEED={seed}")  # noqa: T201 - to try the same again
    place.options = ("--grace", "0.5", "--inbox-bound", "200", "--lease", str(LEASE))
    await introduce(place)
    cast = Cast(place, seed, LEASE)
    cast.start()
    await cast.kill_and_stop_for(CHAOS_SECONDS)
    await cast.end()
    for agent in AGENTS:
        await drain(place, agent)
    ledger = Ledger(cast.journals())
    kept = rows(place)
    unmarked = [pair for pair in ledger.again() if not pair[1].redelivered]
    dead = [row for row in kept if row.state == "dead"]
    print(said(cast, ledger, unmarked), f"dead {len(dead)}")  # noqa: T201 - what this run has seen
    assert len(ledger.confirmed) > 100
    assert dead
    assert Audit(ledger, kept, CONSUMERS).wrong() == {}
    overtaken = [p for p in ledger.overtaken() if not cast.a_broker_died(p[0].at - 1, p[1].at)]
    assert overtaken == []
    assert [p for p in unmarked if not cast.a_broker_died_at(p[0].at, p[0].by)] == []
