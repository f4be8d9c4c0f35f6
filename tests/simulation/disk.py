"""The store's thread, played by the loop: slow, full at times, and gone with its broker."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections import deque
from collections.abc import Callable
from typing import Any

from signalpost.actors.committer import Committer


class Disk:
    """What one machine's brokers write to. ``full`` has every commit fail."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.full = False
        self.calm = False

    def delay(self) -> float:
        if not self.calm and self.chance.random() < 0.02:
            return self.chance.uniform(0.05, 2.0)
        return self.chance.uniform(0.0002, 0.01)


class DiskConnection(sqlite3.Connection):
    """Refuses to begin while the disk is full."""

    disk: Disk

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:  # noqa: ANN401
        if sql.startswith("BEGIN") and self.disk.full:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        return super().execute(sql, parameters)


class _Inbox:
    """What lies before the store, and a call of it when something has come."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._items: deque[Any] = deque()
        self._wake = wake

    def put(self, item: object) -> None:
        self._items.append(item)
        self._wake()

    def get(self) -> Any:  # noqa: ANN401
        return self._items.popleft()

    def qsize(self) -> int:
        return len(self._items)


class _Gone:
    """Stands for a thread that has ended."""

    def join(self) -> None: ...


class LoopCommitter(Committer):
    """Commits some time after it was asked to, and answers some time after that."""

    def __init__(self, disk: Disk) -> None:
        super().__init__()
        inbox: Any = _Inbox(self._wake)
        self._inbox = inbox
        self._disk = disk
        self._due = False
        self._told_at = 0.0
        self._news: deque[Callable[[], object]] = deque()
        self._connection: sqlite3.Connection
        self.dead = False

    async def start(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connection = connect()
        gone: Any = _Gone()
        self._thread = gone

    async def close(self) -> None:
        if not self.dead:  # a killed process closes nothing
            await super().close()

    def die(self) -> None:
        """The process is killed: what is not committed is lost."""
        self.dead = True
        self._connection.close()

    def _wake(self) -> None:
        if not self._due and not self.dead:
            self._due = True
            asyncio.get_running_loop().call_later(self._disk.delay(), self._commit)

    def _commit(self) -> None:
        self._due = False
        if self.dead:
            return
        self._serve(self._connection)
        if self._inbox.qsize():
            self._wake()

    def _tell(self, news: Callable[[], object]) -> None:
        loop = asyncio.get_running_loop()
        self._told_at = max(self._told_at, loop.time() + self._disk.delay() / 4)
        self._news.append(news)
        loop.call_at(self._told_at, self._answer_next)

    def _answer_next(self) -> None:
        news = self._news.popleft()
        if not self.dead:
            news()
