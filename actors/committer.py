"""One SQLite connection in one thread, and group commit.

::

    event loop                          the thread
    put(change) ──────┐                 take all there is (block when there is nothing)
    ask(work) ────────┼─ round ─ inbox ► BEGIN IMMEDIATE, all changes, all writing work, COMMIT
    when_committed() ─┘                 then the reading work
    answers  ◄──────────────────────────one wake-up of the loop for the whole group

What comes in one round of the loop is never parted, so that it is on disk all or
not at all: the messages of one send, say. What arrives while a commit runs is the
next group. Of several changes with one key only the latest is written. Faults of
the disk:

* no room, or another program holds the file: those who wait get StoreFull, the
  changes stay and go with the next group; ``full`` is set until a commit succeeds.
* anything else: ``failed`` is set, whoever waits for that is told, and nothing is
  written any more. After a failed sync nobody knows what is on disk, so the process has to
  stop and begin again from the file.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import suppress
from itertools import chain
from queue import SimpleQueue
from typing import Any, TypeVar

import anyio

from ..transport.errors import ShuttingDown
from .commit_work import Change, Job, Then, Work
from .statement import Statement
from .storefault import passes, refusal

T = TypeVar("T")
_logger = logging.getLogger(__name__)

_Answer = Callable[[], None]


class Committer:
    """Owns the connection. Every method belongs to the event loop's thread."""

    def __init__(self) -> None:
        self.full = False
        self.failed: Exception | None = None
        self._broken = anyio.Event()
        self._loop = asyncio.get_running_loop()
        self._round: list[Work] = []
        self._inbox: SimpleQueue[list[Work]] = SimpleQueue()
        self._changes: dict[Hashable, tuple[Statement[Any], Any]] = {}  # the thread's own
        self._changed = False  # likewise: some came since the last attempt
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

    def put(
        self, key: Hashable, statement: Statement[T], item: T, then: Then | None = None
    ) -> None:
        """Queue a change, in place of one with the same key that is queued. Never raises.

        :param item: nobody may change it any more
        :param then: see :meth:`when_committed`
        """
        if not self._closed:
            self._hand(Change(key, statement, item, then))
        elif then is not None:
            self.when_committed(then)

    def when_committed(self, then: Then) -> None:
        """Have ``then`` called in the loop when all that was put before is on disk.

        It gets None, or what :meth:`ask` would raise. All that one commit holds are called in one
        wake-up of the loop.
        """
        if self._closed:
            self._loop.call_soon(then, ShuttingDown("The store is closed."))
        else:
            self._hand(then)

    async def ask(self, work: Callable[[sqlite3.Connection], T], *, writes: bool = False) -> T:
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

        :raises StoreFull: changes could not be saved and are lost
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

    async def _ask(self, work: Callable[[sqlite3.Connection], T], *, writes: bool = False) -> T:
        answer: asyncio.Future[T] = self._loop.create_future()
        self._hand(Job(work, answer, writes))
        return await answer

    def _hand(self, work: Work) -> None:
        if not self._round:
            self._loop.call_soon(self._pass_on)
        self._round.append(work)

    def _pass_on(self) -> None:
        """Give the thread all of one round at once."""
        self._inbox.put(self._round)
        self._round = []

    # ------------------------------------------------------------ in the thread

    def _run(self, connect: Callable[[], sqlite3.Connection], opened: asyncio.Future[None]) -> None:
        opening = Job(lambda _: None, opened, writes=False)
        try:
            connection = connect()
        except Exception as error:  # noqa: BLE001  # the thread's edge: start() raises it
            opening.error = error
            self._answer([opening.settle])
            return
        self._answer([opening.settle])
        while self._serving:
            self._serve(connection)

    def _serve(self, connection: sqlite3.Connection) -> None:
        """Wait until there is something to do, and do all there is."""
        jobs, waiting = self._take()
        writers = [job for job in jobs if job.writes]
        error: Exception | None = None
        if self.failed:
            error = self.failed
        elif writers or self._changed or (waiting and self._changes):
            self._changed = False
            error = self._transact(connection, writers)
        answers = [_told(then, error) for then in waiting]
        for job in jobs:
            if not job.writes:
                self._read(connection, job)
            elif error:
                job.error = refusal(error)
            answers.append(job.settle)
        self._answer(answers)

    def _take(self) -> tuple[list[Job], list[Then]]:
        jobs: list[Job] = []
        waiting: list[Then] = []
        inbox, changes = self._inbox, self._changes
        rounds = (inbox.get(), *[inbox.get() for _ in range(inbox.qsize())])
        for item in chain.from_iterable(rounds):
            if isinstance(item, Job):
                jobs.append(item)
            elif isinstance(item, Change):
                changes[item.key] = (item.statement, item.item)
                self._changed = True
                if item.then is not None:
                    waiting.append(item.then)
            else:
                waiting.append(item)
        return jobs, waiting

    def _transact(self, connection: sqlite3.Connection, writers: list[Job]) -> Exception | None:
        try:
            connection.execute("BEGIN IMMEDIATE")
            self._write(connection)
            for job in writers:
                job.result = job.work(connection)
            connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001  # the thread's edge: the waiting get it
            self._note(error)
            self._roll_back(connection)
            return error
        self._changes.clear()
        self.full = False
        return None

    def _write(self, connection: sqlite3.Connection) -> None:
        groups: dict[Statement[Any], list[Any]] = {}
        for statement, item in self._changes.values():
            groups.setdefault(statement, []).append(item)
        for statement in sorted(groups, key=_rank):
            for sql, record in statement.steps:
                connection.executemany(sql, [record(item) for item in groups[statement]])

    def _read(self, connection: sqlite3.Connection, job: Job) -> None:
        try:
            job.result = job.work(connection)
        except sqlite3.Error as error:
            self._note(error)
            job.error = refusal(error)
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
        if passes(error):
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

    def _answer(self, answers: list[_Answer]) -> None:
        if answers:
            self._tell(lambda: self._settle(iter(answers)))

    def _settle(self, answers: Iterator[_Answer]) -> None:
        try:
            for answer in answers:
                answer()
        except BaseException:
            # The fault of one is the loop's to report; the others are answered all the same.
            self._loop.call_soon(self._settle, answers)
            raise

    def _tell(self, news: Callable[[], object]) -> None:
        # A closed loop has nobody left who waits.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(news)


def _rank(statement: Statement[Any]) -> int:
    return statement.rank


def _told(then: Then, error: Exception | None) -> _Answer:
    """Each who waits gets an exception of its own."""
    refused = refusal(error) if error else None
    return lambda: then(refused)
