"""Case 33: mail and tasks side by side while calls of SQLite fail, one or every n-th."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from anyio import fail_after
from msgspec.structs import replace

from signalpost.actors.ballast import Ballast
from signalpost.actors.committer import Committer
from signalpost.actors.store import SqliteStore
from signalpost.transport.errors import SignalpostError, StoreFull
from tests.actors.countdown import Countdown, connect
from tests.actors.faulty import on_disk, task
from tests.actors.letters_kept import message

CODES = [
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_FSYNC,
    sqlite3.SQLITE_IOERR_SHMSIZE,
    sqlite3.SQLITE_CORRUPT,
]
TASKS = 3
CALLS = 50
"""More than the work makes."""
Typed = (SignalpostError, OSError)
Make = Callable[[Path], Committer]


def without_ballast(_: Path) -> Committer:
    return Committer()


def with_ballast(folder: Path) -> Committer:
    return Committer(Ballast(folder / "store.ballast", 4096))


class Books:
    """What was confirmed and what was refused."""

    def __init__(self) -> None:
        self.accepted: set[int] = set()
        self.refused: set[int] = set()
        self.surviving: set[int] = set()
        """Those of the refused that a broker that dies then leaves on disk."""
        self.ended: set[int] = set()
        self.kept: dict[int, Exception | None] = {}
        self.acknowledged: set[int] = set()
        self.faults: list[Exception] = []

    async def confirmed(self, store: SqliteStore) -> bool:
        try:
            await store.committed()
        except Typed as error:
            self.faults.append(error)
            return False
        return True

    async def accept(self, store: SqliteStore, number: int, path: Path) -> None:
        """Accept a task; one that has no room is refused and forgotten, as its queue does."""

        def then(error: Exception | None) -> None:
            if error is None:
                self.accepted.add(number)
            elif isinstance(error, StoreFull):
                self.refused.add(number)

        store.accept(task(number), then)
        store.put(replace(task(number), state="running"))
        await self.confirmed(store)
        if (
            number in self.refused
        ):  # the caller is told now, and the broker may die before it forgets
            store.put(replace(task(number), state="running", cancelled_by="alice"))
            await self.confirmed(store)
            self.surviving |= self.refused & set(on_disk(path))
            store.forget(number)

    async def end(self, store: SqliteStore, number: int) -> None:
        store.put(replace(task(number), state="success"))
        if await self.confirmed(store):
            self.ended.add(number)

    def keep(self, store: SqliteStore, seq: int) -> None:
        def then(error: Exception | None) -> None:
            self.kept[seq] = error
            if error is not None:
                store.mail.forget(seq)

        store.mail.keep(message(seq), then)

    def acknowledge(self, store: SqliteStore, seq: int) -> None:
        def then(error: Exception | None) -> None:
            if error is None:
                self.acknowledged.add(seq)

        store.mail.note(message(seq, state="done", ended_at=5.0), then)


async def work(path: Path, books: Books, make: Make) -> None:
    """Tasks come and end, letters come and are acknowledged, all in the same commits."""
    async with SqliteStore.open(
        path, connect=connect, make_committer=lambda: make(path.parent)
    ) as store:
        for number in range(1, TASKS + 1):
            books.keep(store, number)
            await books.accept(store, number, path)
            if number in books.accepted:
                books.acknowledge(store, number)
                await books.end(store, number)
        if isinstance(store.failed, Exception):
            with pytest.raises(OSError, match="has failed"):
                await store.committed()


async def check(path: Path, books: Books) -> None:
    """Open it anew, as the next broker does."""
    async with SqliteStore.open(path) as store:
        tasks = {row.id: row.state for row in await store.recent(99)}
        letters = {row.seq: row.state for row in await store.mail.history(limit=99)}
    kept = {seq for seq, error in books.kept.items() if error is None}
    refused = {seq for seq, error in books.kept.items() if isinstance(error, StoreFull)}
    assert set(books.kept) == set(range(1, TASKS + 1)) or not books.kept
    assert books.accepted <= set(tasks)
    assert all(tasks[number] == "success" for number in books.ended)
    assert kept <= set(letters)
    assert all(letters[seq] == "done" for seq in books.acknowledged & kept)
    assert not refused & set(letters)
    assert not books.refused & set(tasks)
    assert not books.surviving


EVERY_TIME = (
    (sqlite3.SQLITE_FULL, False, with_ballast),
    (sqlite3.SQLITE_FULL, True, with_ballast),
    (sqlite3.SQLITE_BUSY, True, without_ballast),
    (sqlite3.SQLITE_IOERR_FSYNC, False, without_ballast),
)
CASES = [
    pytest.param(*case, marks=[] if case in EVERY_TIME else pytest.mark.soak)
    for case in itertools.product(CODES, (False, True), (without_ballast, with_ballast))
]


@pytest.mark.parametrize(("code", "again", "make"), CASES)
async def test_whatever_fails_nothing_confirmed_is_lost_of_tasks_and_mail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, again: bool, make: Make
) -> None:
    monkeypatch.setattr(Countdown, "code", code)
    for number in range(1, CALLS):
        folder = tmp_path / str(number)
        folder.mkdir()
        monkeypatch.setattr(Countdown, "calls", 0)
        monkeypatch.setattr(Countdown, "fails_at", number)
        monkeypatch.setattr(Countdown, "again", again)
        books = Books()
        with fail_after(20), suppress(*Typed, sqlite3.OperationalError):
            await work(folder / "queue.db", books, make)
        await check(folder / "queue.db", books)
    assert Countdown.calls < CALLS, "no fault met the last calls"
