"""A store that an older Signalpost has left."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from signalpost.actors import schema, storefile
from signalpost.actors.store import SqliteStore
from signalpost.transport.errors import BrokerUnavailable
from tests.actors.letters_kept import message

_TO_VERSION_1 = """
DROP TABLE bells;
DROP TABLE rings;
ALTER TABLE agents DROP COLUMN acted;
UPDATE meta SET value = 1 WHERE key = 'version';
PRAGMA user_version = 1;
"""


@pytest.fixture
async def old(tmp_path: Path) -> Path:
    """A store of version 1 with one message."""
    path = tmp_path / "queue.db"
    async with SqliteStore.open(path) as store:
        store.mail.keep(message(1))
        await store.committed()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(_TO_VERSION_1)
    return path


def version(path: Path) -> tuple[int, int]:
    with closing(sqlite3.connect(path)) as connection:
        marked = connection.execute("PRAGMA user_version").fetchone()[0]
        meta = connection.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()[0]
    return marked, meta


async def test_an_older_store_gets_what_is_new_and_keeps_what_it_had(old: Path) -> None:
    assert version(old) == (1, 1)
    async with SqliteStore.open(old) as store:
        assert [row.seq for row in await store.mail.open_messages()] == [1]
        assert await store.mail.bells.bells() == []
        assert await store.mail.bells.rings() == []
    assert version(old) == (schema.VERSION, schema.VERSION)


async def test_a_copy_of_it_is_kept_for_its_owner_alone(old: Path) -> None:
    storefile.prepare(old, "x")
    copy = old.with_name("queue.db.version-1")
    assert version(copy) == (1, 1)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT count(*) FROM messages").fetchone() == (1,)


async def test_a_migration_that_was_killed_has_not_begun(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = schema.migration(1).partition("UPDATE")[0]

    def cut_off(_version: int) -> str:
        return half

    monkeypatch.setattr(schema, "migration", cut_off)
    storefile.prepare(old, "x")
    assert version(old) == (1, 1)
    monkeypatch.undo()
    storefile.prepare(old, "x")
    assert version(old) == (schema.VERSION, schema.VERSION)


async def test_an_older_store_that_is_damaged_is_left_as_it_is(old: Path) -> None:
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("DROP TABLE agents")
    with pytest.raises(BrokerUnavailable, match="agents is missing"):
        storefile.prepare(old, "x")
    assert version(old) == (1, 1)


async def test_marks_that_differ_are_damage(old: Path) -> None:
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("PRAGMA user_version = 2")
    with pytest.raises(BrokerUnavailable, match="marks of a version differ"):
        storefile.prepare(old, "x")


def test_a_migrated_store_has_the_tables_of_a_new_one() -> None:
    with closing(sqlite3.connect(":memory:")) as new, closing(sqlite3.connect(":memory:")) as was:
        new.executescript(schema.TABLES)
        was.executescript(schema.TABLES)
        was.execute("INSERT INTO meta VALUES ('version', 1)")
        was.executescript(_TO_VERSION_1)
        was.executescript(schema.migration(1))
        tables = "SELECT name, sql FROM sqlite_master ORDER BY name"
        assert was.execute(tables).fetchall() == new.execute(tables).fetchall()
