"""The changes that are not on disk yet: of several with one key the latest."""

from __future__ import annotations

import sqlite3
from collections.abc import Hashable, Iterable
from typing import Any

from msgspec import structs

from .commit_work import Change, Job, Standing, Then, Work
from .statement import LAST, Statement


class Pending:
    """What the next commit holds. It belongs to the thread of the store."""

    def __init__(self) -> None:
        self.changed = False
        """Some came since the last attempt."""
        self._changes: dict[Hashable, Change] = {}
        self._refused: set[Hashable] = set()
        """Nothing is written under these until whoever was refused has them removed."""

    def __bool__(self) -> bool:
        return bool(self._changes)

    @property
    def any_old(self) -> bool:
        """Whether something is among them that is about what was accepted before."""
        return not all(change.new for change in self._changes.values())

    @property
    def any_new(self) -> bool:
        """Whether something new is among them."""
        return any(change.new for change in self._changes.values())

    def take(self, works: Iterable[Work]) -> tuple[list[Job], list[tuple[Then, Standing]]]:
        """Take all changes; return the jobs, and who waits for what."""
        jobs: list[Job] = []
        waiting: list[tuple[Then, Standing]] = []
        for work in works:
            if isinstance(work, Change):
                standing = self._add(work)
                if work.then is not None:
                    waiting.append((work.then, standing))
            elif isinstance(work, Job):
                jobs.append(work)
            else:
                waiting.append((work, "known"))
        return jobs, waiting

    def _add(self, change: Change) -> Standing:
        """Take a change in place of an older one; tell whether it brings something new.

        What has become of something new is new as well, until that is on disk. What has
        become of something that was refused is not written: it was not accepted.
        """
        key, removes = change.key, change.statement.rank == LAST
        if key in self._refused and not removes:
            return "refused"
        self._refused.discard(key)
        self.changed = True
        older = self._changes.get(key)
        if older is not None and older.new and not removes:
            change = structs.replace(change, new=True, then=change.then or older.then)
        self._changes[key] = change
        return "new" if change.new else "known"

    def commit(self, connection: sqlite3.Connection, jobs: Iterable[Job], *, new_too: bool) -> None:
        """Write the changes, all or those that bring nothing new, and what jobs write.

        :raises Exception: nothing is written; a transaction may be open still
        """
        writing = [job for job in jobs if job.kind == "write"]
        changes = [change for change in self._changes.values() if new_too or not change.new]
        if not writing and _insert_at_once(connection, changes):
            return
        connection.execute("BEGIN IMMEDIATE")
        _write(connection, changes)
        for job in writing:
            job.result = job.work(connection)
        connection.execute("COMMIT")

    def written(self, *, new_too: bool) -> None:
        """Forget what is on disk now."""
        if new_too:
            self._changes.clear()
        else:
            self._changes = {key: change for key, change in self._changes.items() if change.new}

    def refuse(self) -> None:
        """Forget what is new and was refused: no later commit may bring it after all.

        What nobody is told of stays, new as it is.
        """
        refused = {key for key, change in self._changes.items() if change.new and change.then}
        self._changes = {key: c for key, c in self._changes.items() if key not in refused}
        self._refused |= refused


def _insert_at_once(connection: sqlite3.Connection, changes: list[Change]) -> bool:
    """Commit changes by one statement; False: it takes several, and nothing was done."""
    statements = {change.statement for change in changes}
    bulk = statements.pop().bulk if len(statements) == 1 else None
    most = connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
    if bulk is None or not bulk.fits(len(changes), most):
        return False
    connection.execute(bulk.sql(len(changes)), bulk.values([change.item for change in changes]))
    return True


def _write(connection: sqlite3.Connection, changes: list[Change]) -> None:
    groups: dict[Statement[Any], list[Any]] = {}
    for change in changes:
        groups.setdefault(change.statement, []).append(change.item)
    for statement in sorted(groups, key=_rank):
        for sql, record in statement.steps:
            connection.executemany(sql, list(map(record, groups[statement])))


def _rank(statement: Statement[Any]) -> int:
    return statement.rank
