"""One SQLite connection in one thread, and group commit.

::

    event loop                          the thread
    put(row) ─────────┐                 take all there is (block when there is nothing)
    ask(work) ────────┴── inbox ──────► BEGIN IMMEDIATE, all rows, all writing work, COMMIT
                                        then the reading work
    answers  ◄──────────────────────────one wake-up of the loop for the whole group

What arrives while a commit runs is the next group. Faults of the disk:

* no room, or another program holds the file: those who wait get StoreFull, the
  rows stay and go with the next group; ``full`` is set until a commit succeeds.
* anything else: ``failed`` is set, whoever waits for that is told, and nothing is
  written any more. After a failed sync nobody knows what is on disk, so the process has to
  stop and begin again from the file.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, TypeVar

import anyio

from ..transport.errors import ShuttingDown, StoreFull
from . import schema
from .row import TaskRow

_T = TypeVar("_T")
_logger = logging.getLogger(__name__)
_PASSING = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY)


@dataclass(slots=True, eq=False)
class _Job:
    """Something to do with the connection, and who waits for it."""

    work: Callable[[sqlite3.Connection], Any]
    answer: asyncio.Future[Any]
    writes: bool
    result: object = None
    error: Exception | None = None

    def settle(self) -> None:
        """Answer; the asker may have been cancelled meanwhile."""
        if self.answer.done():
            return
        if self.error:
            self.answer.set_exception(self.error)
        else:
            self.answer.set_result(self.result)


class Committer:
    """Owns the connection. Every method belongs to the event loop's thread."""

    def __init__(self) -> None:
        self.full = False
        self.failed: Exception | None = None
        self._broken = anyio.Event()
        self._loop = asyncio.get_running_loop()
        self._inbox: SimpleQueue[_Job | tuple[int, TaskRow | None]] = SimpleQueue()
        self._rows: dict[int, TaskRow | None] = {}  # the thread's own
        self._changed = False  # likewise: rows came since the last attempt
        self._closed = False
        self._serving = True
        self._thread: threading.Thread | None = None

    async def start(self, connect: Callable[[], sqlite3.Connection]) -> None:
        """Open the connection in the thread and serve it.

        :raises Exception: what ``connect`` raised
        """
        opened: asyncio.Future[None] = self._loop.create_future()
        # A daemon: a loop that died without close() must not hang the process.
        self._thread = threading.Thread(
            target=self._run, args=(connect, opened), name="store", daemon=True
        )
        self._thread.start()
        with anyio.CancelScope(shield=True):
            await opened

    async def wait_failed(self) -> Exception:
        """Return why the store has failed, once it has."""
        while not self.failed:
            await self._broken.wait()
        return self.failed

    def put(self, task_id: int, row: TaskRow | None) -> None:
        """Queue the newest state of a task; None: it is to be removed. Never raises."""
        self._inbox.put((task_id, row))

    async def ask(self, work: Callable[[sqlite3.Connection], _T], *, writes: bool = False) -> _T:
        """Return what ``work`` makes of the connection, after all that was put before.

        :param writes: run it inside the transaction and answer after the commit
        :raises StoreFull: no room, or the file is held by another program
        :raises OSError: the store has failed, see ``failed``
        :raises ShuttingDown: it is closed
        """
        if self._closed:
            raise ShuttingDown("The store is closed.")
        return await self._ask(work, writes=writes)

    async def close(self) -> None:
        """Commit what is queued, fold the log into the file, close. May be called again.

        :raises StoreFull: rows could not be saved and are lost
        :raises OSError: likewise, for another reason
        """
        if self._closed or not self._thread:
            return
        self._closed = True
        with anyio.CancelScope(shield=True):
            try:
                await self._ask(lambda _: None, writes=True)
            finally:
                await self._ask(self._finish)
                self._thread.join()

    async def _ask(self, work: Callable[[sqlite3.Connection], _T], *, writes: bool = False) -> _T:
        answer: asyncio.Future[_T] = self._loop.create_future()
        self._inbox.put(_Job(work, answer, writes))
        return await answer

    # ------------------------------------------------------------ in the thread

    def _run(self, connect: Callable[[], sqlite3.Connection], opened: asyncio.Future[None]) -> None:
        opening = _Job(lambda _: None, opened, writes=False)
        try:
            connection = connect()
        except Exception as error:  # noqa: BLE001  # the thread's edge: start() raises it
            opening.error = error
            self._answer([opening])
            return
        self._answer([opening])
        while self._serving:
            self._serve(connection, self._take())

    def _take(self) -> list[_Job]:
        """Wait until there is something to do, and take all there is."""
        jobs: list[_Job] = []
        for item in (self._inbox.get(), *(self._inbox.get() for _ in range(self._inbox.qsize()))):
            if isinstance(item, _Job):
                jobs.append(item)
            else:
                self._rows[item[0]] = item[1]
                self._changed = True
        return jobs

    def _serve(self, connection: sqlite3.Connection, jobs: list[_Job]) -> None:
        writers = [job for job in jobs if job.writes]
        if writers or self._changed:
            self._commit(connection, writers)
        for job in jobs:
            if not job.writes:
                self._read(connection, job)
        self._answer(jobs)

    def _commit(self, connection: sqlite3.Connection, writers: list[_Job]) -> None:
        self._changed = False
        error = self.failed or self._transact(connection, writers)
        for job in writers:
            job.error = _refusal(error) if error else None

    def _transact(self, connection: sqlite3.Connection, writers: list[_Job]) -> Exception | None:
        try:
            connection.execute("BEGIN IMMEDIATE")
            self._write_rows(connection)
            for job in writers:
                job.result = job.work(connection)
            connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001  # the thread's edge: the waiting get it
            self._note(error)
            self._roll_back(connection)
            return error
        self._rows.clear()
        self.full = False
        return None

    def _write_rows(self, connection: sqlite3.Connection) -> None:
        kept = [schema.record_of(row) for row in self._rows.values() if row]
        gone = [(task_id,) for task_id, row in self._rows.items() if not row]
        connection.executemany(schema.UPSERT, kept)
        connection.executemany(schema.DELETE, gone)

    def _read(self, connection: sqlite3.Connection, job: _Job) -> None:
        try:
            job.result = job.work(connection)
        except sqlite3.Error as error:
            self._note(error)
            job.error = _refusal(error)
        except Exception as error:  # noqa: BLE001  # the asker's fault, and the asker gets it
            job.error = error

    def _roll_back(self, connection: sqlite3.Connection) -> None:
        """SQLite has done so already after most errors."""
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            self._note(error)

    def _note(self, error: Exception) -> None:
        if _passes(error):
            self.full = True
        elif not self.failed:
            self.failed = error
            _logger.error("the store has failed: %s", error)
            self._tell(self._broken.set)

    def _finish(self, connection: sqlite3.Connection) -> None:
        self._serving = False
        try:
            if not self.failed:
                connection.execute("PRAGMA wal_checkpoint (TRUNCATE)")
        except sqlite3.Error as error:
            # Nothing is lost: the next life reads the log.
            _logger.warning("the store's log could not be folded in: %s", error)
        finally:
            connection.close()

    def _answer(self, jobs: list[_Job]) -> None:
        def settle() -> None:
            for job in jobs:
                job.settle()

        if jobs:
            self._tell(settle)

    def _tell(self, news: Callable[[], object]) -> None:
        # A closed loop has nobody left who waits.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(news)


def _passes(error: Exception) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _PASSING


def _refusal(error: Exception) -> Exception:
    """Return what one asker gets; each gets an exception of its own."""
    if _passes(error):
        refusal: Exception = StoreFull(
            f"The store cannot be written: {error}. "
            "Free disk space, or close the program that holds queue.db; then try again."
        )
    else:
        refusal = OSError(errno.EIO, f"The store has failed: {error}")
    refusal.__cause__ = error
    return refusal
