"""The search of the mail's history, beside everything else.

Every search has a connection of its own that can only read, in a worker
thread: it never holds up a commit, and SQLite lets go of Python's lock while
it looks. A search that takes too long, or that nobody waits for any more, ends
at SQLite's next step.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import anyio.to_thread

from ..transport.errors import BadRequest, BrokerUnavailable
from ..transport.letters import State
from . import mail_schema, storefile
from .message_row import MessageRow

SECONDS = 5.0
"""So long may one search look."""
MAX_WORDS = 32
_AT_ONCE = 2
"""Searches that look at the same time; the others wait their turn."""
_STEPS = 10_000
"""Of SQLite's machine, between two looks at the clock."""
_HOLDS = " OR ".join(
    f"instr(lower({where}), lower(?))" for where in ("content", "sender", "recipient")
)


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for."""

    search: str = ""
    agent: str = ""
    state: State | None = None
    limit: int = 20
    before: float | None = None
    agent_id: int = 0
    """Of an agent that is known: it may have had other names."""

    def words(self) -> list[str]:
        """Return what must all occur.

        :raises BadRequest: too much
        """
        words = list(dict.fromkeys(self.search.split()))
        if len(words) > MAX_WORDS:
            raise BadRequest(
                f"a search takes {MAX_WORDS} words, and these are {len(words)}. Leave some out."
            )
        return words

    def sql(self) -> tuple[str, list[object]]:
        """Return the statement that finds it, and its values."""
        clauses: list[str] = []
        values: list[object] = []
        if self.before is not None:
            clauses.append("sent_at < ?")
            values.append(self.before)
        if self.state is not None:
            clauses.append("state = ?")
            values.append(self.state)
        if self.agent_id:
            clauses.append("? IN (sender_id, agent_id)")
            values.append(self.agent_id)
        elif self.agent:
            clauses.append("? IN (sender, recipient)")
            values.append(self.agent)
        for word in self.words():
            cases = _cases(word)
            clauses.append(f"({' OR '.join([_HOLDS] * len(cases))})")
            values += [case for case in cases for _ in range(3)]
        where = f"WHERE {' AND '.join(clauses)} " if clauses else ""
        return f"{mail_schema.SELECT}{where}ORDER BY seq DESC LIMIT ?", [*values, self.limit]


class MailSearch:
    """Searches one store."""

    def __init__(
        self,
        path: Path,
        seconds: float = SECONDS,
        connect: Callable[[Path, str], sqlite3.Connection] = storefile.connect,
    ) -> None:
        self._path = path
        self._seconds = seconds
        self._connect = connect
        self._turns = anyio.CapacityLimiter(_AT_ONCE)

    async def history(
        self,
        search: str = "",
        agent: str = "",
        state: State | None = None,
        limit: int = 20,
        before: float | None = None,
        agent_id: int = 0,
    ) -> list[MessageRow]:
        """Return the newest messages that fit, newest first, as they are on disk.

        :param search: words that all occur in content, sender or recipient, in any case
        :param agent: the name of who sent or got it; ``agent_id``, if it is known, counts
        :param before: only what was sent earlier, in Unix seconds
        :raises BadRequest: too many words, or it took too long: the text says how to narrow it
        :raises BrokerUnavailable: the file cannot be read
        """
        query = Query(search, agent, state, limit, before, agent_id)
        query.words()
        wanted = True
        try:
            return await anyio.to_thread.run_sync(
                lambda: self._look(query, lambda: wanted),
                limiter=self._turns,
                abandon_on_cancel=True,
            )
        finally:
            wanted = False

    def _look(self, query: Query, wanted: Callable[[], bool]) -> list[MessageRow]:
        deadline = time.monotonic() + self._seconds

        def stop() -> bool:
            return not wanted() or time.monotonic() > deadline

        try:
            with closing(self._connect(self._path, "mode=ro")) as connection:
                connection.execute("PRAGMA query_only = ON")
                connection.set_progress_handler(stop, _STEPS)
                found = connection.execute(*query.sql())
                return [mail_schema.message_of_record(record) for record in found]
        except sqlite3.Error as error:
            raise self._refusal(error) from error

    def _refusal(self, error: sqlite3.Error) -> Exception:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
            return BadRequest(
                f"the search was ended after {self._seconds:g} s. Narrow it: name an agent or a "
                "state, ask for fewer messages, or look before a time; rare words take longest."
            )
        return BrokerUnavailable(f"the history cannot be read: {error}. Try again.")


def _cases(word: str) -> list[str]:
    """Return a word as SQLite has to look for it: it knows only the case of ASCII letters."""
    if word.isascii():
        return [word]
    return list(dict.fromkeys((word, word.lower(), word.upper(), word.capitalize())))
