"""Case 34: a store that was damaged after a crash is refused by name, never begun anew."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from signalpost.actors import schema
from signalpost.actors.store import SqliteStore
from signalpost.transport.errors import BrokerUnavailable
from tests.actors.letters_kept import message

Damage = Callable[[Path], object]
LETTERS = 40


async def keep(path: Path, first: int = 1) -> None:
    async with SqliteStore.open(path) as store:
        for seq in range(first, first + LETTERS):
            store.mail.keep(message(seq, content=f"letter {seq} " * 50))
        await store.mail.committed()
        # As a killed broker leaves it: what is new is in the log.
        crashed = path.parent / "crashed"
        crashed.mkdir()
        for name in ("queue.db", "queue.db-wal", "store.id"):
            shutil.copy(path.with_name(name), crashed / name)


@pytest.fixture
async def crashed(tmp_path: Path) -> Path:
    """Return a store that holds letters in the file, and more in its log."""
    await keep(tmp_path / "queue.db")
    shutil.rmtree(tmp_path / "crashed")
    await keep(tmp_path / "queue.db", LETTERS + 1)
    return tmp_path / "crashed" / "queue.db"


@pytest.fixture
async def young(tmp_path: Path) -> Path:
    """Return a store of which the file holds nothing yet."""
    await keep(tmp_path / "queue.db")
    return tmp_path / "crashed" / "queue.db"


def contents(path: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in path.parent.iterdir() if not p.name.endswith("-shm")}


async def refusal(path: Path) -> str:
    """Return the text of the refusal, after checking that it touched nothing."""
    before = contents(path)
    with pytest.raises(BrokerUnavailable) as caught:
        async with SqliteStore.open(path):
            pass
    assert contents(path) == before
    return str(caught.value)


async def letters(path: Path) -> int:
    async with SqliteStore.open(path) as store:
        return len(await store.mail.history(limit=999))


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def garbage(path: Path) -> None:
    path.write_bytes(b"\x17garbage" * 4096)


def header_flipped(path: Path) -> None:
    flip(path, 3)


def leaf_flipped(path: Path) -> None:
    """Flip the kind of a page of the texts, which are most of the file."""
    flip(path, path.stat().st_size // 4096 // 2 * 4096)


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9000])


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 0xFF
    path.write_bytes(content)


def renamed(path: Path) -> None:
    path.rename(path.with_name("my.db"))


def older(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute(f"PRAGMA user_version = {min(schema.STEPS) - 1}")


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute(f"PRAGMA user_version = {schema.VERSION + 1}")


@pytest.mark.parametrize(
    ("damage", "words", "remedy"),
    [
        (emptied, "is gone", "Put the file back"),
        (renamed, "is gone", "Put the file back"),
        (garbage, "is damaged", "Put a copy back, or move"),
        (header_flipped, "is damaged", "Put a copy back, or move"),
        (leaf_flipped, "is damaged", "Put a copy back, or move"),
        (truncated, "is damaged", "Put a copy back, or move"),
        (older, "is damaged (store version 0", "Put a copy back, or move"),
        (newer, "written by a newer Signalpost", "Upgrade Signalpost"),
    ],
)
async def test_a_damaged_store_is_refused_with_what_to_do_and_left_as_it_is(
    crashed: Path, damage: Damage, words: str, remedy: str
) -> None:
    # Without its log: a whole log repairs the pages that it holds.
    with closing(sqlite3.connect(crashed)) as folding:
        folding.execute("PRAGMA wal_checkpoint (TRUNCATE)")
    damage(crashed)
    text = await refusal(crashed)
    assert words in text
    assert remedy in text


async def test_a_lost_log_is_not_an_empty_store(young: Path) -> None:
    young.with_name("queue.db-wal").unlink()
    text = await refusal(young)
    assert "queue.db-wal, which held what is newer, is lost" in text


async def test_a_lost_log_is_told_and_the_remedy_goes_on_with_the_rest(crashed: Path) -> None:
    log = crashed.with_name("queue.db-wal")
    log.rename(log.with_name("kept"))
    assert "remove store.id to go on with what queue.db holds" in await refusal(crashed)
    crashed.with_name("store.id").unlink()
    assert await letters(crashed) == LETTERS


async def test_a_log_that_is_put_back_brings_everything_back(crashed: Path) -> None:
    log = crashed.with_name("queue.db-wal")
    log.rename(log.with_name("kept"))
    await refusal(crashed)
    log.with_name("kept").rename(log)
    assert await letters(crashed) == 2 * LETTERS


async def test_an_old_copy_of_the_store_is_told_from_the_newest(
    crashed: Path, tmp_path: Path
) -> None:
    assert await letters(crashed) == 2 * LETTERS
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copy(crashed, copy / "queue.db")
    assert await letters(crashed) == 2 * LETTERS
    shutil.copy(copy / "queue.db", crashed)
    assert "an old copy was put back" in await refusal(crashed)


async def test_a_log_of_another_store_is_refused(crashed: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    await keep(other / "queue.db")
    shutil.copy(other / "crashed" / "queue.db-wal", crashed.with_name("queue.db-wal"))
    text = await refusal(crashed)
    assert "another store" in text or "is damaged" in text


@pytest.mark.parametrize("keeps", [0, 1000, 20_000])
async def test_a_log_that_is_cut_short_gives_what_it_holds_or_is_refused(
    crashed: Path, keeps: int
) -> None:
    log = crashed.with_name("queue.db-wal")
    log.write_bytes(log.read_bytes()[:keeps])
    if keeps < 8192:  # not even the beginning of this life is left
        assert "is lost" in await refusal(crashed)
    else:
        assert await letters(crashed) >= LETTERS


async def test_a_person_who_looked_after_a_crash_has_taken_nothing(young: Path) -> None:
    with closing(sqlite3.connect(young)) as person:
        assert person.execute("SELECT count(*) FROM inbox").fetchone() == (LETTERS,)
    assert not young.with_name("queue.db-wal").exists()
    assert await letters(young) == LETTERS
