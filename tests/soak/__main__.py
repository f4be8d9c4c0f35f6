"""Case 50: messages and tasks for a chosen time, while everybody is killed now and then.

    SIGNALPOST_SOAK_SECONDS=1800 python -m tests.soak

What is used must not grow within the life of a broker, and in the end journals,
store and results must agree: see :mod:`tests.system.audit`. The journals are kept in
memory at the end, about 2 KiB a message.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import anyio
import psutil

from tests.soak.errands import Errands
from tests.soak.gauge import Sample, growths, look, p99_ms, send_times, unbounded
from tests.soak.wear import Wear
from tests.system.audit import Audit, rows
from tests.system.ledger import Ledger
from tests.system.place import Place
from tests.system.processes import lives
from tests.system.test_mail_chaos import AGENTS, CONSUMERS, drain, introduce, said

SECONDS = 60.0
LIVES = 4
SAMPLES = 24
LEASE = 1.0
RUNNERS = ("t0", "t1", "t2")
_HEAD = "  time   broker  RSS MiB   fds threads  WAL MiB  store MiB  send p99 ms"


class Soak:
    """One run in one place."""

    def __init__(self, place: Place, seconds: float, seed: int) -> None:
        place.options = (
            *("--grace", "0.5", "--inbox-bound", "200", "--lease", str(LEASE)),
            *("--queue", "wide=3"),
        )
        self._place = place
        self._seconds = seconds
        self._life = seconds / LIVES
        self._wear = Wear(place, seed, LEASE, self._life)
        self._errands = Errands(place)
        self._samples: list[Sample] = []

    async def run(self) -> list[str]:
        """Return what was wrong."""
        await introduce(self._place)
        await self._errands.introduce(RUNNERS)
        self._wear.start()
        ending = anyio.Event()
        async with anyio.create_task_group() as tasks:
            for name in RUNNERS:
                tasks.start_soon(self._errands.run, name, ending)
            async with anyio.create_task_group() as measuring:
                measuring.start_soon(self._measure)
                await self._wear.wear_for(self._seconds)
                measuring.cancel_scope.cancel()
            ending.set()
        await self._wear.end()
        for agent in AGENTS:
            await drain(self._place, agent)
        return self._tell(Ledger(self._wear.journals()))

    async def _measure(self) -> None:
        while True:
            await anyio.sleep(self._seconds / SAMPLES)  # what is measured is this time passing
            with suppress(psutil.NoSuchProcess):
                broker = self._wear.broker()
                if broker is not None and lives(broker.pid):
                    self._samples.append(look(broker, self._place.state))

    # ------------------------------------------------------------ afterwards

    def _tell(self, ledger: Ledger) -> list[str]:
        times = send_times(ledger, self._wear.a_broker_died)
        interval = self._seconds / SAMPLES
        samples = [replace(s, p99_ms=p99_ms(times, s.at - interval, s.at)) for s in self._samples]
        _table(samples)
        slopes = growths(samples)
        _say("growth a minute: " + ", ".join(f"{n} {g:+.2f}" for n, g in slopes.items()))
        kept = [row for row in rows(self._place) if row.recipient not in RUNNERS]
        unmarked = [pair for pair in ledger.again() if not pair[1].redelivered]
        errands = self._errands
        _say(said(self._wear, ledger, unmarked), f"duplicates {len(ledger.again())}")
        _say(
            f"tasks {dict(errands.states)}, errors {dict(errands.errors)}, killed"
            f" {self._wear.shim_deaths} shims; wrong results {len(errands.wrong)}"
        )
        astray = [p for p in unmarked if not self._wear.a_broker_died_at(p[0].at, p[0].by)]
        wrong = Audit(ledger, kept, CONSUMERS).wrong()
        return [
            *(f"{what}: {len(each)}, as {each[:3]}" for what, each in wrong.items()),
            *(f"read again and not marked: {pair}" for pair in astray),
            *errands.check(),
            *(f"{name} grows without bound" for name in unbounded(slopes, self._life)),
        ]


def _table(samples: Sequence[Sample]) -> None:
    _say(_HEAD)
    for s in samples:
        p99 = "-" if s.p99_ms is None else f"{s.p99_ms:.1f}"
        _say(
            f"{s.at - samples[0].at:6.0f} {s.life:8d} {s.rss_mib:8.1f} {s.fds:5.0f}"
            f" {s.threads:7.0f} {s.wal_mib:8.2f} {s.store_mib:10.2f} {p99:>12}"
        )


def _say(*words: str) -> None:
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run once; 1: something was wrong."""
    seconds = float(os.environ.get("SIGNALPOST_SOAK_SECONDS") or SECONDS)
    seed = int(os.environ.get("SIGNALPOST_SEED") or secrets.randbits(32))
    _say(f"SIGNALPOST_SOAK_SECONDS={seconds:g} SIGNALPOST_SEED={seed}")
    place = Place()
    try:
        wrong = anyio.run(Soak(place, seconds, seed).run)
    finally:
        left = place.close()
    for each in [*wrong, *left]:
        _say(f"WRONG: {each}")
    _say("wrong" if wrong or left else "nothing lost, nothing unexpected, no growth without bound")
    return 1 if wrong or left else 0


if __name__ == "__main__":
    sys.exit(main())
