from __future__ import annotations

from pathlib import Path

import anyio

from signalpost.actors.moment import Moment
from signalpost.actors.pruning import Pruning
from signalpost.actors.store import SqliteStore
from tests.actors.letters_kept import message
from tests.actors.stand_in_runner import PATIENCE

DAY = 86400.0


async def test_a_broker_that_lives_long_forgets_what_has_become_old_meanwhile(
    tmp_path: Path,
) -> None:
    days, done = iter((14.5, 15.5)), anyio.Event()

    def clock() -> Moment:
        day = next(days, None)
        if day is None:  # the third time: the first two are over
            done.set()
        return Moment(0.0, (day or 15.5) * DAY)

    async with SqliteStore.open(tmp_path / "queue.db") as store, anyio.create_task_group() as tasks:
        for seq in (1, 2):
            store.mail.keep(
                message(seq, state="done", sent_at=seq * DAY / 2, ended_at=seq * DAY / 2)
            )
        store.mail.keep(message(3, state="done", sent_at=2 * DAY, ended_at=2 * DAY))
        store.mail.keep(message(4, state="dead", sent_at=2 * DAY, ended_at=2 * DAY))
        with anyio.fail_after(PATIENCE):
            tasks.start_soon(Pruning(store, 14, clock, every=0.001).run)
            await done.wait()
        assert [row.seq for row in await store.mail.history()] == [4, 3]
        tasks.cancel_scope.cancel()
