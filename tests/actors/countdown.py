"""A connection whose n-th call fails, or every n-th."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Parameters = Any


class Countdown(sqlite3.Connection):
    """Its n-th call fails, and with ``again`` every n-th."""

    calls = 0
    fails_at = 0
    again = False
    code = 0

    def execute(self, sql: str, parameters: Parameters = (), /) -> sqlite3.Cursor:
        self._count()
        return super().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Parameters], /) -> sqlite3.Cursor:
        self._count()
        return super().executemany(sql, parameters)

    @classmethod
    def _count(cls) -> None:
        cls.calls += 1
        if cls.calls == cls.fails_at or (cls.again and not cls.calls % cls.fails_at):
            error = sqlite3.OperationalError("planned")
            error.sqlite_errorcode = cls.code
            raise error


def connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, factory=Countdown)
