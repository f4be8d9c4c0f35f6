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

* no room: the ballast is given up, and what brings nothing new is committed alone. Who waits
  for something new gets StoreFull, and so does everybody where that had no room either.
  What had that answer is not on disk: a commit that may count all the same is overwritten.
* another program holds the file: those who wait get StoreFull.
* both: the changes stay and go with the next group; ``full`` is set until one holds everything.
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
from collections.abc import Callable, Hashable
from itertools import chain
from queue import SimpleQueue
from typing import TypeVar

import anyio

from ..transport.errors import ShuttingDown
from . import mail_schema, schema
from .ballast import Ballast
from .commit_work import Change, Job, Kind, Then, Work
from .pending import Pending
from .statement import Statement
from .storefault import is_full, may_be_on_disk, no_room, passes, refusal
from .wake_up import WakeUp, told

T = TypeVar("T")
_logger = logging.getLogger(__name__)

_Fault = Exception | None
_Faults = tuple[_Fault, _Fault]


def prepared(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Give a connection what the statements of the house want of it beside the file's tables."""
    connection.executescript(mail_schema.NEW_MESSAGES)
    return connection


class Committer:
    """Owns the connection. Every method belongs to the event loop's thread."""

    def __init__(self, ballast: Ballast | None = None) -> None:
        self.full = False
        self.failed: Exception | None = None
        self._broken = anyio.Event()
        self._loop = asyncio.get_running_loop()
        self._wake_up = WakeUp(self._loop)
        self._round: list[Work] = []
        self._inbox: SimpleQueue[list[Work]] = SimpleQueue()
        self._ballast = ballast  # this and the next are the thread's own
        self._pending = Pending()
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
        self,
        key: Hashable,
        statement: Statement[T],
        item: T,
        then: Then | None = None,
        *,
        new: bool = False,
    ) -> None:
        """Queue a change, in place of one with the same key that is queued. Never raises.

        :param item: nobody may change it any more
        :param then: called as by :meth:`when_committed`, with what has become of this change
        :param new: it was not accepted before, and is refused when there is no room; see Change
        """
        if not self._closed:
            self._hand(Change(key, statement, item, then, new))
        elif then is not None:
            self.when_committed(then)

    def when_committed(self, then: Then) -> None:
        """Have ``then`` called in the loop when all that was put before is on disk.

        It gets None, or what :meth:`ask` would raise; of what was new, its own callback tells.
        All that one commit holds are called in one wake-up of the loop.
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
        return await self._ask(work, "write" if writes else "read")

    async def committed(self) -> None:
        """Return when all that was put before is on disk, or raise as :meth:`ask` does."""
        if self._closed:
            raise ShuttingDown("The store is closed.")
        await self._ask(lambda _: None, "all")

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
                await self._ask(lambda _: None, "all")
            finally:
                await self._ask(self._finish, "read")
                self._thread.join()

    async def _ask(self, work: Callable[[sqlite3.Connection], T], kind: Kind) -> T:
        answer: asyncio.Future[T] = self._loop.create_future()
        self._hand(Job(work, answer, kind))
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
        opening = Job(lambda _: None, opened, "read")
        try:
            connection = prepared(connect())
            if self._ballast is not None:
                self._ballast.take()
        except Exception as error:  # noqa: BLE001  # the thread's edge: start() raises it
            opening.error = error
            self._wake_up.answer([opening.settle])
            return
        self._wake_up.answer([opening.settle])
        while self._serving:
            self._serve(connection)

    def _serve(self, connection: sqlite3.Connection) -> None:
        """Wait until there is something to do, and do all there is."""
        inbox, pending = self._inbox, self._pending
        rounds = (inbox.get(), *[inbox.get() for _ in range(inbox.qsize())])
        jobs, waiting = pending.take(chain.from_iterable(rounds))
        asked = any(job.kind != "read" for job in jobs)
        fault = fault_of_new = self.failed
        if not fault and (asked or pending.changed or (waiting and pending)):
            fault, fault_of_new = self._put_on_disk(connection, jobs)
        unsaved = pending.any_new
        if fault_of_new:
            pending.refuse()
        faults = {"known": fault, "new": fault_of_new, "refused": fault or no_room()}
        answers = [told(then, faults[standing]) for then, standing in waiting]
        for job in jobs:
            if job.kind == "read":
                self._read(connection, job)
            elif error := fault_of_new if job.kind == "all" and unsaved else fault:
                job.error = refusal(error)
            answers.append(job.settle)
        self._wake_up.answer(answers)

    def _put_on_disk(self, connection: sqlite3.Connection, jobs: list[Job]) -> _Faults:
        """Commit everything; without room, what is not new. Return what hinders that, and the new."""
        self._pending.changed = False
        ballast = self._ballast
        if ballast and ballast.given_up and not ballast.retake():
            fault: _Fault = no_room()
        else:
            fault = self._transact(connection, jobs, new_too=True)
            if fault is None or not is_full(fault):
                return fault, fault
            if ballast:
                ballast.give_up()
            if may_be_on_disk(fault):
                return self._overwrite(connection, jobs, fault)
        if not self._pending.any_old and not any(job.kind == "write" for job in jobs):
            return None, fault
        return self._transact(connection, jobs, new_too=False), fault

    def _overwrite(self, connection: sqlite3.Connection, jobs: list[Job], fault: _Fault) -> _Faults:
        """Put another commit in the place of one that failed: nobody is refused before."""
        self._pending.take([Change("overwritten", schema.MARK, None, None)])
        again = self._transact(connection, jobs, new_too=False)
        if again is not None:
            unknown = OSError(errno.EIO, f"nobody knows whether the last commit counts: {again}")
            self._fail(unknown)
            return unknown, unknown
        return None, fault

    def _transact(
        self, connection: sqlite3.Connection, jobs: list[Job], *, new_too: bool
    ) -> _Fault:
        try:
            self._pending.commit(connection, jobs, new_too=new_too)
        except Exception as error:  # noqa: BLE001  # the thread's edge: the waiting get it
            self._note(error)
            self._roll_back(connection)
            return error
        self._pending.written(new_too=new_too)
        if new_too:
            self.full = False
        return None

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
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self.failed = error
        _logger.error("the store has failed: %s", error)
        self._wake_up.tell(self._broken.set)

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
