"""How messages and agents lie in SQLite: the tables, and the way there and back. Pure.

What changes about a message is in ``messages``, what never does is in
``bodies``: so a delivery and an acknowledgement write a small row again, not
the content (a quarter of the cost at 64 KiB), and a look at states reads none.
A row of ``messages`` never is without its body.

Every index is paid for with every message, and dearly when each message has a
page of its own in it. ``messages_kept`` holds the open ones and the dead
letters, so it stays small however long the history is; by state, since what
comes then stands at its end (a fifth less time to write than by agent).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from .agent_row import AgentRow
from .bulk_insert import BulkInsert
from .message_row import MessageRow
from .statement import FIRST, INSERT, LAST, UPDATE, Statement

KEPT = "state IN ('ready', 'leased', 'dead')"
"""The SQL condition for open messages and dead letters, to the letter that of the index."""
OPEN = f"{KEPT} AND state <> 'dead'"
DEAD = f"{KEPT} AND state = 'dead'"

ACTED = "ALTER TABLE agents ADD COLUMN acted INTEGER NOT NULL DEFAULT 1;"
"""Since version 3; what an older store knows may have acted."""

TABLES = f"""
CREATE TABLE messages (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    agent_id INTEGER NOT NULL,
    sender TEXT NOT NULL,
    sender_id INTEGER NOT NULL,
    recipient TEXT NOT NULL,
    kind TEXT NOT NULL,
    in_reply_to TEXT NOT NULL,
    hops INTEGER NOT NULL,
    request_id BLOB NOT NULL,
    task_id INTEGER,
    sent_at REAL NOT NULL,
    expires_at REAL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    deliveries INTEGER NOT NULL,
    delivered_at REAL,
    ended_at REAL,
    reason TEXT NOT NULL
);
CREATE INDEX messages_kept ON messages (state) WHERE {KEPT};
CREATE INDEX messages_by_request ON messages (request_id);
CREATE INDEX messages_by_task ON messages (task_id) WHERE task_id IS NOT NULL;
CREATE TABLE bodies (
    seq INTEGER PRIMARY KEY,
    metadata BLOB NOT NULL,
    content TEXT NOT NULL
);
CREATE TABLE agents (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    description TEXT NOT NULL,
    inbox_bound INTEGER,
    named INTEGER NOT NULL,
    thread TEXT NOT NULL,
    client TEXT NOT NULL,
    pid INTEGER NOT NULL,
    pid_started REAL NOT NULL,
    working_directory TEXT NOT NULL,
    since REAL NOT NULL
);
{ACTED}
CREATE TABLE forwards (
    place INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    agent_id INTEGER NOT NULL
);
CREATE VIEW inbox AS
    SELECT coalesce(agents.name, recipient) AS agent, messages.id AS id, sender, kind, state,
           attempts, datetime(sent_at, 'unixepoch') AS sent_at
    FROM messages LEFT JOIN agents ON agents.id = agent_id WHERE {KEPT} ORDER BY seq;
"""  # noqa: S608  # constants of this module

COLUMNS = MessageRow.__struct_fields__
"""The columns of ``messages``, then those of ``bodies`` but for the first."""
AGENT_COLUMNS = AgentRow.__struct_fields__
_KEPT_APART = ("metadata", "content")
_OF_MESSAGES = tuple(name for name in COLUMNS if name not in _KEPT_APART)

SELECT = f"SELECT {', '.join(COLUMNS)} FROM messages CROSS JOIN bodies USING (seq) "  # noqa: S608
"""CROSS: SQLite looks at ``messages`` first, and at the content only of what is left."""
SELECT_AGENTS = f"SELECT {', '.join(AGENT_COLUMNS)} FROM agents ORDER BY id"  # noqa: S608
MARK = (
    "INSERT INTO meta VALUES (?, ?) "
    "ON CONFLICT (key) DO UPDATE SET value = max(value, excluded.value)"
)
"""Remembers a number that was given out, when its row goes."""


def message_of_record(record: Sequence[object]) -> MessageRow:
    """Return the row that :data:`SELECT` gave.

    :raises msgspec.ValidationError: somebody else has written it
    """
    return msgspec.convert(dict(zip(COLUMNS, record, strict=True)), MessageRow)


def agent_of_record(record: Sequence[object]) -> AgentRow:
    """Return the row that :data:`SELECT_AGENTS` gave.

    :raises msgspec.ValidationError: somebody else has written it
    """
    values = dict(zip(AGENT_COLUMNS, record, strict=True))
    values |= {name: bool(values[name]) for name in ("named", "acted")}
    return msgspec.convert(values, AgentRow)


def _text(text: str) -> str | bytes:
    """Bound as bytes and cast where SQLite's binding of ``str`` may refuse it."""
    return text if text.isascii() else text.encode("utf-8", "surrogatepass")


def _message_record(row: MessageRow) -> Sequence[object]:
    return (
        *(row.seq, row.id, row.agent_id, _text(row.sender), row.sender_id, _text(row.recipient)),
        *(row.kind, _text(row.in_reply_to), row.hops, row.request_id, row.task_id, row.sent_at),
        *(row.expires_at, row.state, row.attempts, row.deliveries, row.delivered_at),
        *(row.ended_at, _text(row.reason)),
    )


def _body_record(row: MessageRow) -> Sequence[object]:
    return (row.seq, row.metadata, _text(row.content))


def _note_record(row: MessageRow) -> Sequence[object]:
    return (
        *(row.agent_id, row.expires_at, row.state, row.attempts, row.deliveries),
        *(row.delivered_at, row.ended_at, _text(row.reason), row.seq),
    )


def _agent_record(row: AgentRow) -> Sequence[object]:
    return tuple(_text(v) if isinstance(v, str) else v for v in msgspec.structs.astuple(row))


def _new_record(row: MessageRow) -> Sequence[object]:
    return (*_message_record(row), row.metadata, _text(row.content))


def _insert(table: str, columns: Sequence[str], texts: Sequence[str], place: str = "?") -> str:
    cast = f"CAST({place} AS TEXT)"
    places = ", ".join((cast if name in texts else place).format(name=name) for name in columns)
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608


_OF_BODIES = ("seq", *_KEPT_APART)
_MESSAGE_TEXTS = ("sender", "recipient", "in_reply_to", "reason")
_INSERT_MESSAGE = _insert("messages", _OF_MESSAGES, _MESSAGE_TEXTS)
_INSERT_BODY = _insert("bodies", _OF_BODIES, ("content",))
_INSERT_AGENT = _insert(
    "agents",
    AGENT_COLUMNS,
    ("name", "role", "description", "thread", "client", "working_directory"),
)
_UPDATE_MESSAGE = """
UPDATE messages SET agent_id = ?, expires_at = ?, state = ?, attempts = ?, deliveries = ?,
                    delivered_at = ?, ended_at = ?, reason = CAST(? AS TEXT)
WHERE seq = ?"""
DELETE_MESSAGE = "DELETE FROM messages WHERE seq = ?"
DELETE_BODY = "DELETE FROM bodies WHERE seq = ?"
_MOVE = f"UPDATE messages SET agent_id = ? WHERE agent_id = ? AND {KEPT}"  # noqa: S608
_DELETE_AGENT = "DELETE FROM agents WHERE id = ?"
_PUT_FORWARD = "INSERT OR REPLACE INTO forwards (name, agent_id) VALUES (CAST(? AS TEXT), ?)"
_DELETE_FORWARD = "DELETE FROM forwards WHERE name = CAST(? AS TEXT)"


def _alone(number: int) -> Sequence[object]:
    return (number,)


def _agent_id(row: AgentRow) -> Sequence[object]:
    return (row.id,)


def _pair(pair: tuple[int, int]) -> Sequence[object]:
    return pair


def _forward_record(forward: tuple[str, int]) -> Sequence[object]:
    return (_text(forward[0]), forward[1])


def _name_record(name: str) -> Sequence[object]:
    return (_text(name),)


def _agent_mark(agent_id: int) -> Sequence[object]:
    return ("highest_agent", agent_id)


NEW_MESSAGES = f"""
PRAGMA temp_store = MEMORY;
CREATE TEMP VIEW new_messages AS SELECT {", ".join(f"NULL AS {name}" for name in COLUMNS)};
CREATE TEMP TRIGGER keep INSTEAD OF INSERT ON new_messages WHEN NEW.seq IS NOT NULL BEGIN
    {_insert("messages", _OF_MESSAGES, _MESSAGE_TEXTS, "NEW.{name}")};
    {_insert("bodies", _OF_BODIES, ("content",), "NEW.{name}")};
END;
"""
"""What :data:`KEEP` needs of a connection, in which alone it is."""
KEEP = Statement(
    INSERT,
    ((_INSERT_MESSAGE, _message_record), (_INSERT_BODY, _body_record)),
    BulkInsert("new_messages", COLUMNS, _new_record),
)
NOTE = Statement(UPDATE, ((_UPDATE_MESSAGE, _note_record),))
FORGET = Statement(LAST, ((DELETE_MESSAGE, _alone), (DELETE_BODY, _alone)))
MOVE = Statement(LAST, ((_MOVE, _pair),))
# Two agents may have exchanged their names: all old rows go before any new one comes.
PUT_AGENT = Statement(INSERT, ((_DELETE_AGENT, _agent_id), (_INSERT_AGENT, _agent_record)))
FORGET_AGENT = Statement(FIRST, ((MARK, _agent_mark), (_DELETE_AGENT, _alone)))
PUT_FORWARD = Statement(INSERT, ((_PUT_FORWARD, _forward_record),))
FORGET_FORWARD = Statement(FIRST, ((_DELETE_FORWARD, _name_record),))
