"""Case 35: another program reads the store and keeps its transaction open."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

from anyio import fail_after

from signalpost.actors.store import SqliteStore
from tests.actors.letters_kept import message

SIZE = 200_000
MIB = 1 << 20


@contextmanager
def reader(path: Path) -> Generator[sqlite3.Connection, None, None]:
    """Hold a look at the store as it is now."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM messages").fetchone()
        yield other


async def keep(store: SqliteStore, first: int, count: int) -> None:
    for seq in range(first, first + count):
        store.mail.keep(message(seq, content="x" * SIZE))
        await store.mail.committed()


async def test_a_reader_hinders_nobody_and_the_log_shrinks_when_it_is_gone(tmp_path: Path) -> None:
    path, log = tmp_path / "queue.db", tmp_path / "queue.db-wal"
    with fail_after(30):
        async with SqliteStore.open(path, "process") as store:
            await keep(store, 1, 60)
            assert log.stat().st_size < 6 * MIB
            with reader(path) as other:
                await keep(store, 61, 120)
                assert log.stat().st_size > 20 * MIB
                assert other.execute("SELECT count(*) FROM messages").fetchone() == (60,)
                assert len(await store.mail.history(limit=999)) == 180
            await keep(store, 181, 2)
            assert log.stat().st_size <= 16 * MIB
    assert not log.exists()


async def test_a_reader_does_not_keep_the_store_from_closing_nor_take_anything(
    tmp_path: Path,
) -> None:
    path = tmp_path / "queue.db"
    async with SqliteStore.open(path, "process") as store:
        await keep(store, 1, 1)
        with reader(path), fail_after(20):
            await keep(store, 2, 20)
            await store.close()
    async with SqliteStore.open(path, "process") as store:
        assert len(await store.mail.history(limit=99)) == 21
