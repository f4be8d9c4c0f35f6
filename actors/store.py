"""The store: every task that is open, and the history of those that ended. Mail: ``mail``.

A small interface on purpose. The order of turns, leases and the like are in
the actors' pure rules; the store only remembers.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal, Self

from ..transport.errors import BrokerUnavailable
from . import schema, storefile
from .commit_work import Then
from .committer import Committer
from .mail_store import MailStore
from .row import TaskRow

Durability = Literal["power", "process"]
"""What a confirmed row survives: loss of power, or the death of the process only."""

MAX_KEYS = 2_000
"""So many (command, folder) pairs are worth remembering."""
RUNS_PER_KEY = 5

_SYNCHRONOUS = {"power": "FULL", "process": "NORMAL"}
_PRUNE_AT_ONCE = 500
"""Rows in one transaction, so that nobody waits long behind the pruning."""

_LOG_KEPT = 16 << 20
"""A log that an outside reader let grow beyond is cut to this when it begins anew."""

_CACHE_KIB = 16 * 1024
"""Ids of messages are random, so every new one touches another page of their index."""

_SUCCESSES = """
SELECT command, working_directory, ran_seconds
FROM tasks WHERE state = 'success' ORDER BY id DESC"""
_PRUNE = f"""
DELETE FROM tasks WHERE id IN (
    SELECT id FROM tasks WHERE ended_at < ?
    ORDER BY id LIMIT {_PRUNE_AT_ONCE}
)"""  # noqa: S608  # constants of this house


class SqliteStore:
    """The tasks in ``queue.db``. Methods belong to the event loop that opened it."""

    def __init__(self, file: storefile.StoreFile, committer: Committer) -> None:
        self._file = file
        self._committer = committer
        self.mail = MailStore(committer, file.path)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        path: Path,
        durability: Durability = "power",
        *,
        new_id: Callable[[], str] = lambda: secrets.token_hex(16),
        connect: Callable[[Path], sqlite3.Connection] = storefile.connect,
        make_committer: Callable[[], Committer] = Committer,
    ) -> AsyncGenerator[Self, None]:
        """Serve the store at ``path``, made when its folder holds none.

        :raises BrokerUnavailable: the file is lost, foreign, damaged or too new; it was not
            touched
        """
        file = storefile.prepare(path, new_id())
        committer = make_committer()
        await committer.start(lambda: _configured(connect(path), path, durability))
        try:
            yield cls(file, committer)
        finally:
            known = committer.failed
            try:
                await committer.close()
            except OSError:
                if not known:  # else whoever waits for a failure was told of this one
                    raise

    @property
    def store_id(self) -> str:
        """The random name of this store, for ever the same."""
        return self._file.store_id

    @property
    def full(self) -> bool:
        """Whether the latest commit found no room; rows wait in memory."""
        return self._committer.full

    @property
    def failed(self) -> Exception | None:
        """Why nothing is written any more; None: all is well."""
        return self._committer.failed

    async def wait_failed(self) -> Exception:
        """Return why the store has failed, once it has: the process must stop then."""
        return await self._committer.wait_failed()

    def vanished(self) -> bool:
        """Tell whether the path no longer leads to the file that is open."""
        return self._file.vanished()

    def accept(self, row: TaskRow, then: Then) -> None:
        """Queue a new task: it is refused when there is no room. Else as put().

        ``then`` is called when it is on disk, or with why it is not: the errors are those of
        committed(). After StoreFull it is not and will not be on disk, whatever is put of it
        later; it is to be forgotten.
        """
        self._committer.put(("task", row.id), schema.PUT, row, then, new=True)

    def put(self, row: TaskRow) -> None:
        """Queue the newest state of a task. Never waits, never raises; see committed()."""
        self._committer.put(("task", row.id), schema.PUT, row)

    def forget(self, task_id: int) -> None:
        """Queue the removal of a task, as of one that was refused when it was accepted."""
        self._committer.put(("task", task_id), schema.FORGET, task_id)

    async def committed(self) -> None:
        """Return when everything put so far is on disk.

        Every method below may raise the same:

        :raises StoreFull: no room, or another program holds the file; rows stay queued and
            go with the next commit
        :raises OSError: the store has failed; what is on disk is unknown
        :raises ShuttingDown: the store is closed
        """
        await self._committer.committed()

    def when_committed(self, then: Then) -> None:
        """Have ``then`` called when everything put so far is on disk, or with why it is not.

        The errors are those of committed(), which costs a future and a task's turn more.
        """
        self._committer.when_committed(then)

    async def highest_id(self) -> int:
        """Return the highest id of any task in the store; 0: there is none."""
        rows = await self.recent(1)
        return rows[0].id if rows else 0

    async def open_tasks(self) -> list[TaskRow]:
        """Return the waiting and running tasks by id."""
        return await self._rows(f"WHERE {schema.OPEN} ORDER BY id")

    async def task(self, task_id: int) -> TaskRow | None:
        """Return one task as it is on disk; None: there is none."""
        return next(iter(await self._rows("WHERE id = ?", task_id)), None)

    async def by_request(self, request_id: bytes) -> TaskRow | None:
        """Return the newest task that a request made; None: there is none."""
        found = await self._rows("WHERE request_id = ? ORDER BY id DESC LIMIT 1", request_id)
        return next(iter(found), None)

    async def recent(self, limit: int) -> list[TaskRow]:
        """Return the newest ``limit`` tasks, open and ended, newest first."""
        return await self._rows("ORDER BY id DESC LIMIT ?", limit)

    async def undelivered(self) -> list[TaskRow]:
        """Return the ended tasks whose result nobody got, by id."""
        return await self._rows(f"WHERE NOT delivered AND NOT {schema.OPEN} ORDER BY id")

    async def durations(self) -> list[tuple[str, str, float]]:
        """Return (command, folder, seconds) of the newest successful runs, newest last.

        At most 5 runs of each (command, folder), and the 2,000 newest such pairs.
        """
        return await self._committer.ask(_durations)

    async def prune(self, before: float) -> int:
        """Remove the tasks that ended before a Unix time; return how many."""
        removed = _PRUNE_AT_ONCE
        total = 0
        while removed == _PRUNE_AT_ONCE:
            removed = await self._committer.ask(
                lambda connection: connection.execute(_PRUNE, (before,)).rowcount, writes=True
            )
            total += removed
        return total

    async def close(self) -> None:
        """Commit what is queued and close; leaving the ``open`` block does it too.

        :raises StoreFull: rows could not be saved and are lost
        :raises OSError: likewise, for another reason
        """
        await self._committer.close()

    async def _rows(self, clauses: str, *parameters: object) -> list[TaskRow]:
        def read(connection: sqlite3.Connection) -> list[TaskRow]:
            return [
                schema.row_of(r) for r in connection.execute(schema.SELECT + clauses, parameters)
            ]

        return await self._committer.ask(read)


def _configured(
    connection: sqlite3.Connection, path: Path, durability: Durability
) -> sqlite3.Connection:
    """Locking stays NORMAL, so that people may look with sqlite3."""
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        connection.close()
        raise BrokerUnavailable(
            f"{path} cannot have a write-ahead log here. Choose a folder on a local disk "
            "with --data-dir."
        )
    connection.execute("PRAGMA fullfsync = ON")  # macOS: its fsync alone stops at the drive
    connection.execute("PRAGMA synchronous = FULL")
    storefile.begin_life(connection, path)
    connection.execute(f"PRAGMA synchronous = {_SYNCHRONOUS[durability]}")
    connection.execute(f"PRAGMA journal_size_limit = {_LOG_KEPT}")
    connection.execute(f"PRAGMA cache_size = {-_CACHE_KIB}")
    return connection


def _durations(connection: sqlite3.Connection) -> list[tuple[str, str, float]]:
    runs: list[tuple[str, str, float]] = []
    counts: Counter[tuple[str, str]] = Counter()
    for run in connection.execute(_SUCCESSES):
        key = run[:2]
        if counts[key] < RUNS_PER_KEY and (key in counts or len(counts) < MAX_KEYS):
            counts[key] += 1
            runs.append(run)
    return runs[::-1]
