"""The store's thread, played by the loop: slow, full at times, and gone with its broker."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from msgspec import structs

from signalpost.actors.commit_work import Change, Job, Work
from signalpost.actors.committer import Committer, prepared
from signalpost.actors.mail_schema import KEEP
from signalpost.actors.wake_up import WakeUp

_LATER_SECONDS = 1.0


class KilledError(Exception):
    """Ends what waits, shielded, for a store that is no more."""


class Disk:
    """What one machine's brokers write to. ``full`` has every commit fail.

    ``passing`` is called before and after every commit.
    """

    def __init__(self, chance: random.Random, passing: Callable[[str], None]) -> None:
        self.chance = chance
        self.passing = passing
        self.full = False
        self.calm = False
        self.refused: set[str] = set()
        """Messages that found no room: whoever got one beside the commit may get it anew."""

    def delay(self) -> float:
        if not self.calm and self.chance.random() < 0.02:
            return self.chance.uniform(0.05, 2.0)
        return self.chance.uniform(0.0002, 0.01)

    def batch(self, most: int) -> int:
        """Return how much of what lies there a commit takes along: all, but for a short batch."""
        if not self.calm and most and self.chance.random() < 0.1:
            return self.chance.randrange(most)
        return most


class DiskConnection(sqlite3.Connection):
    """Refuses to begin while the disk is full."""

    disk: Disk

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:  # noqa: ANN401
        if sql.startswith(("BEGIN", "INSERT INTO new_messages")) and self.disk.full:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        return super().execute(sql, parameters)


class _Inbox:
    """What lies before the store, and a call of it when something has come."""

    def __init__(self, disk: Disk, wake: Callable[[], None]) -> None:
        self._items: deque[Any] = deque()
        self._disk = disk
        self._wake = wake

    def put(self, item: object) -> None:
        self._items.append(item)
        self._wake()

    def get(self) -> Any:  # noqa: ANN401
        return self._items.popleft()

    def qsize(self) -> int:
        """Return how many more are to be taken at once."""
        return self._disk.batch(len(self._items))

    def __bool__(self) -> bool:
        return bool(self._items)


class _Gone:
    """Stands for a thread that has ended."""

    def join(self) -> None: ...


class _LateNews(WakeUp):
    """Answers some time after a commit, in order; nothing more once the process is killed."""

    def __init__(self, disk: Disk) -> None:
        super().__init__(asyncio.get_running_loop())
        self._disk = disk
        self._told_at = 0.0
        self._news: deque[Callable[[], object]] = deque()
        self.dead = False

    def tell(self, news: Callable[[], object]) -> None:
        loop = asyncio.get_running_loop()
        self._told_at = max(self._told_at, loop.time() + self._disk.delay() / 4)
        self._news.append(news)
        loop.call_at(self._told_at, self._tell_next)

    def _tell_next(self) -> None:
        news = self._news.popleft()
        if not self.dead:
            news()


class LoopCommitter(Committer):
    """Commits some time after it was asked to, and answers some time after that."""

    def __init__(self, disk: Disk) -> None:
        super().__init__()
        self._before = _Inbox(disk, self._wake)
        inbox: Any = self._before
        self._inbox = inbox
        self._news = _LateNews(disk)
        self._wake_up = self._news
        self._disk = disk
        self._due = False
        self._connection: sqlite3.Connection
        self._asked: list[Job] = []
        self.dead = False

    async def start(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connection = prepared(connect())
        gone: Any = _Gone()
        self._thread = gone

    async def close(self) -> None:
        if not self.dead:  # a killed process closes nothing
            await super().close()

    def die(self) -> None:
        """The process is killed: what is not committed is lost."""
        self.dead = self._news.dead = True
        self._connection.close()
        asyncio.get_running_loop().call_later(_LATER_SECONDS, self._end_all)

    def _end_all(self) -> None:
        for job in self._asked:
            if not job.answer.done():
                job.answer.set_exception(KilledError())

    def _hand(self, work: Work) -> None:
        if isinstance(work, Change) and work.statement is KEEP:
            work = structs.replace(work, then=partial(self._kept, work))
        if isinstance(work, Job):
            self._asked = [job for job in self._asked if not job.answer.done()] + [work]
            if self.dead:
                asyncio.get_running_loop().call_later(_LATER_SECONDS, self._end_all)
        super()._hand(work)

    def _kept(self, change: Change, error: Exception | None) -> None:
        if error is not None:
            self._disk.refused.add(change.item.id)
        if change.then is not None:
            change.then(error)

    def _wake(self) -> None:
        if not self._due and not self.dead:
            self._due = True
            asyncio.get_running_loop().call_later(self._disk.delay(), self._commit)

    def _commit(self) -> None:
        self._due = False
        self._disk.passing("before commit")
        if self.dead:
            return
        self._serve(self._connection)
        self._disk.passing("after commit")
        if self._before:
            self._wake()
