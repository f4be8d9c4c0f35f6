"""The broker is told to end, twice, while mail and tasks flow; those who need it start the next. Case 49."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from signalpost.transport.client import Client
from tests.system.ledger import Ledger
from tests.system.place import Place, within
from tests.system.scribes import end_in_order, scribe
from tests.system.test_mail_chaos import drain, introduce

LOAD = 100
"""So many more messages are confirmed before each end."""
ENDS_WITHIN = 5.0
HONEST = {"SHUTTING_DOWN", "BROKER_UNAVAILABLE", "STALE_LEASE"}
"""The last is for a message in hand: leases do not outlive a broker."""


async def confirmed(watcher: Client, journals: list[Path], count: int) -> None:
    """Return when writers were told of so many messages that they are on disk."""
    while sum(path.read_text().count('"sent"') for path in journals if path.exists()) < count:
        await watcher.ping()


@within(60)
async def test_a_broker_that_is_told_to_end_under_load_loses_nothing(place: Place) -> None:
    place.options = ("--grace", "0.5", "--inbox-bound", "200")
    await introduce(place)
    journals = [place.folder / f"{name}.journal" for name in ("w0", "w1", "r0")]
    writers = [scribe(place, "write", path, path.stem, to=("solo",)) for path in journals[:2]]
    reader = scribe(place, "read", journals[2], "solo", name="r0", seed="1")
    ended: list[float] = []
    for number in (1, 2):
        async with place.client("watcher") as watcher:
            await confirmed(watcher, journals[:2], number * LOAD)
            family = place.family()
            began = time.monotonic()
            place.broker_process().send_signal(signal.SIGTERM)
            await family.all_dead(ENDS_WITHIN)
            ended.append(time.monotonic() - began)
    async with place.client("watcher") as watcher:
        await confirmed(watcher, journals[:2], 3 * LOAD)
    await end_in_order(writers)
    await end_in_order([reader])
    await drain(place, "solo")
    ledger = Ledger([*journals, place.folder / "solo.journal"])
    print(ended, len(ledger.confirmed), dict(ledger.errors))  # noqa: T201 - what this run has seen
    assert ledger.lost == set()
    assert ledger.unexpected == set()
    assert {*ledger.errors} <= HONEST
    assert place.stored("SELECT content FROM bodies GROUP BY 1 HAVING count(*) > 1") == []
    assert place.broker_log().count("serving") >= 3
    assert "Traceback" not in place.broker_log()
