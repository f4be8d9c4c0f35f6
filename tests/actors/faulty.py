"""A committer on a connection that fails as planned, and waits where a test says."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio

from signalpost.actors import schema
from signalpost.actors.committer import Committer
from signalpost.actors.row import TaskRow

Parameters = Any


def task(task_id: int) -> TaskRow:
    return TaskRow(
        id=task_id,
        request_id=bytes(16),
        queue_name="global",
        state="waiting",
        command="make",
        working_directory="/src",
        created_at=0.0,
    )


class Faulty(sqlite3.Connection):
    faults: dict[str, list[int | None]]
    log: list[str]
    reached: threading.Event
    gate: threading.Event

    def prepare(self) -> None:
        self.faults, self.log = {}, []
        self.reached, self.gate = threading.Event(), threading.Event()
        self.gate.set()

    def execute(self, sql: str, parameters: Parameters = (), /) -> sqlite3.Cursor:
        self._meet(sql)
        return super().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Parameters], /) -> sqlite3.Cursor:
        rows = list(parameters)
        self._meet(sql)
        self.log.append(f"{len(rows)} rows")
        return super().executemany(sql, rows)

    def _meet(self, sql: str) -> None:
        verb = sql.split(maxsplit=1)[0]
        self.log.append(verb)
        if sql == "COMMIT":
            self.reached.set()
            self.gate.wait(10)
        codes = self.faults.get(verb, [])
        code = codes.pop(0) if codes else None
        if code is not None:
            error = sqlite3.OperationalError("planned")
            error.sqlite_errorcode = code
            raise error


class Setup:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.committer = Committer()
        self.connection: Faulty

    def connect(self) -> sqlite3.Connection:
        self.connection = sqlite3.connect(self.path, isolation_level=None, factory=Faulty)
        self.connection.prepare()
        return self.connection

    def put_alone(self, task_id: int) -> None:
        self.committer.put(task_id, schema.PUT, task(task_id), new=True)

    async def put(self, *ids: int) -> None:
        for task_id in ids:
            self.put_alone(task_id)
        await self.committer.committed()

    async def commit_reached(self) -> None:
        await anyio.to_thread.run_sync(self.connection.reached.wait, 10)

    async def ids(self) -> list[int]:
        return await self.committer.ask(read_ids)


def read_ids(connection: sqlite3.Connection) -> list[int]:
    return [line[0] for line in connection.execute("SELECT id FROM tasks ORDER BY id")]


def on_disk(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as other:
        return read_ids(other)
