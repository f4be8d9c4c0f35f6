"""Messages and agents in the store: what the committer is given, and what recovery reads.

Nothing here waits for the disk but what is ``async``. Places (``seq``) and ids
of agents are given out by the callers, who begin above the highest that the
store remembers.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from . import mail_schema as schema
from .agent_row import AgentRow
from .bell_store import BellStore
from .commit_work import Then
from .committer import Committer
from .mail_search import MailSearch
from .message_row import MessageRow

PRUNE_AT_ONCE = 1000
"""Messages looked at in one transaction, so that nobody waits long behind the pruning."""

_HIGHEST = "SELECT max(n) FROM (SELECT max({column}) AS n FROM {table} UNION SELECT {meta})"
_MARKED = "(SELECT value FROM meta WHERE key = '{key}')"
_WINDOW = """
SELECT seq, sent_at, state, ended_at FROM messages WHERE seq > ? ORDER BY seq LIMIT ?"""
_LATEST_REQUESTS = """
WITH RECURSIVE latest (request) AS (
    SELECT max(request_id) FROM messages
    UNION ALL
    SELECT (SELECT max(request_id) FROM messages WHERE request_id < substr(request, 1, 8))
    FROM latest WHERE request IS NOT NULL
)
SELECT request FROM latest WHERE request IS NOT NULL"""
_FIND_DEAD = f"SELECT seq FROM messages WHERE id = ? AND {schema.DEAD}"  # noqa: S608


class MailStore:
    """The mail in ``queue.db``. Methods belong to the event loop that opened it.

    The synchronous ones never raise. The others raise as
    :meth:`.store.SqliteStore.committed` does.
    """

    def __init__(self, committer: Committer, path: Path) -> None:
        self._committer = committer
        self._moves = itertools.count()
        self.history = MailSearch(path).history
        self.bells = BellStore(committer)

    def keep(self, row: MessageRow, then: Then | None = None) -> None:
        """Queue a new message; ``then`` is called once it is on disk, or refused for want of room.

        One whose refusal was told is not queued any more.
        """
        self._committer.put(("message", row.seq), schema.KEEP, row, then, new=True)

    def note(self, row: MessageRow, then: Then | None = None) -> None:
        """Queue what has changed about a message: whose it is, its state, and what belongs to it.

        Of a message that was not kept, or was forgotten, nothing is written.
        """
        self._committer.put(("note", row.seq), schema.NOTE, row, then)

    def forget(self, seq: int) -> None:
        """Queue the removal of a message, as of one that was refused after it was kept."""
        self._committer.put(("message", seq), schema.FORGET, seq)

    def move(self, from_agent: int, to_agent: int) -> None:
        """Give an agent the open messages and dead letters of another, which gets no more."""
        self._committer.put(("move", next(self._moves)), schema.MOVE, (to_agent, from_agent))

    def put_agent(self, row: AgentRow) -> None:
        """Queue the newest state of an agent."""
        self._committer.put(("agent", row.id), schema.PUT_AGENT, row)

    def forget_agent(self, agent_id: int) -> None:
        """Queue the removal of an agent. Its id is not given out again."""
        self._committer.put(("agent", agent_id), schema.FORGET_AGENT, agent_id)

    def put_forward(self, name: str, agent_id: int) -> None:
        """Let a former name lead to an agent."""
        self._committer.put(("forward", name), schema.PUT_FORWARD, (name, agent_id))

    def forget_forward(self, name: str) -> None:
        """Let a former name lead nowhere."""
        self._committer.put(("forward", name), schema.FORGET_FORWARD, name)

    def when_committed(self, then: Then) -> None:
        """Have ``then`` called when everything put so far is on disk, or with why it is not.

        New messages are not meant: of each its own callback tells.
        """
        self._committer.when_committed(then)

    async def committed(self) -> None:
        """Return when everything put so far is on disk."""
        await self._committer.committed()

    # ------------------------------------------------------------ after a restart

    async def open_messages(self) -> list[MessageRow]:
        """Return the messages that somebody may still get, in their order."""
        return await self._messages(f"WHERE {schema.OPEN} ORDER BY seq")

    async def agents(self) -> list[AgentRow]:
        """Return every agent by id."""

        def read(connection: sqlite3.Connection) -> list[AgentRow]:
            return [schema.agent_of_record(r) for r in connection.execute(schema.SELECT_AGENTS)]

        return await self._committer.ask(read)

    async def forwards(self) -> dict[str, int]:
        """Return where former names lead, those that have done so for longest first."""
        return dict(await self._lines("SELECT name, agent_id FROM forwards ORDER BY place"))

    async def highest_seq(self) -> int:
        """Return the highest place that was ever on disk, 0: none was."""
        return await self._highest("messages", "seq", "highest_seq")

    async def highest_agent_id(self) -> int:
        """Return the highest id that any agent ever had, 0: there never was one."""
        return await self._highest("agents", "id", "highest_agent")

    async def replies_known(self, limit: int) -> list[tuple[str, int]]:
        """Return the newest messages' ids, and how many replies lie before each."""
        newest = "SELECT id, hops FROM messages ORDER BY seq DESC LIMIT ?"
        return [(line[0], line[1]) for line in await self._lines(newest, limit)]

    async def latest_requests(self) -> list[bytes]:
        """Return the highest request id of each client; its first 8 bytes name the client."""
        return [line[0] for line in await self._lines(_LATEST_REQUESTS)]

    async def task_ids(self) -> list[int]:
        """Return the tasks whose results were posted."""
        posted = "SELECT DISTINCT task_id FROM messages WHERE task_id IS NOT NULL ORDER BY task_id"
        return [line[0] for line in await self._lines(posted)]

    async def dead_counts(self) -> dict[int, int]:
        """Return how many dead letters each agent has; who has none is not there."""
        counting = f"SELECT agent_id, count(*) FROM messages WHERE {schema.DEAD} GROUP BY agent_id"  # noqa: S608
        return dict(await self._lines(counting))

    # ------------------------------------------------------------ while it runs

    async def message(self, message_id: str) -> MessageRow | None:
        """Return one message as it is on disk; None: there is none."""
        return next(iter(await self._messages("WHERE id = ?", message_id)), None)

    async def by_request(self, request_id: bytes) -> list[MessageRow]:
        """Return the messages that one request sent, in their order."""
        return await self._messages("WHERE request_id = ? ORDER BY seq", request_id)

    async def purge(self, message_ids: Iterable[str]) -> list[str]:
        """Delete those of the messages that are dead, and return their ids."""
        wanted = list(dict.fromkeys(message_ids))

        def purge(connection: sqlite3.Connection) -> list[str]:
            found = [(i, connection.execute(_FIND_DEAD, (i,)).fetchone()) for i in wanted]
            _delete(connection, [seq for _, line in found if line for seq in line])
            return [message_id for message_id, line in found if line]

        return await self._committer.ask(purge, writes=True)

    async def prune(self, before: float) -> None:
        """Delete the messages that were acknowledged or expired before then, and older rings."""
        await self.bells.prune(before)
        position = 0
        while position >= 0:
            position = await self._prune_after(position, before)

    async def _prune_after(self, position: int, before: float) -> int:
        """Look at the next few; return where to go on, -1: nowhere."""

        def prune(connection: sqlite3.Connection) -> int:
            window = connection.execute(_WINDOW, (position, PRUNE_AT_ONCE)).fetchall()
            _delete(connection, [seq for seq, _, state, ended in window if old(state, ended)])
            # Nothing ends before it is sent, and the later were sent later.
            done = all(sent_at >= before for _, sent_at, _, _ in window)
            return -1 if done else window[-1][0]

        def old(state: str, ended: float | None) -> bool:
            return state in ("done", "expired") and ended is not None and ended < before

        return await self._committer.ask(prune, writes=True)

    async def _highest(self, table: str, column: str, key: str) -> int:
        marked = _MARKED.format(key=key)
        lines = await self._lines(_HIGHEST.format(table=table, column=column, meta=marked))
        return int(lines[0][0] or 0)

    async def _messages(self, clauses: str, *values: object) -> list[MessageRow]:
        def read(connection: sqlite3.Connection) -> list[MessageRow]:
            found = connection.execute(schema.SELECT + clauses, values)
            return [schema.message_of_record(record) for record in found]

        return await self._committer.ask(read)

    async def _lines(self, sql: str, *values: object) -> list[Any]:
        return await self._committer.ask(lambda c: c.execute(sql, values).fetchall())


def _delete(connection: sqlite3.Connection, seqs: Sequence[int]) -> None:
    if not seqs:
        return
    connection.execute(schema.MARK, ("highest_seq", max(seqs)))
    records = [(seq,) for seq in seqs]
    connection.executemany(schema.DELETE_MESSAGE, records)
    connection.executemany(schema.DELETE_BODY, records)
