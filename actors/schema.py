"""What lies in ``queue.db``: its tables, and tasks there and back. Mail: :mod:`mail_schema`. Pure.

Text is bound as bytes and cast: names of processes, folders and reasons may
hold bytes that are no UTF-8 (surrogates, in Python), which SQLite's binding of
``str`` refuses.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import msgspec

from ..transport.messages import OPEN_STATES
from . import bell_schema, mail_schema
from .row import TaskRow
from .statement import INSERT, LAST, UPDATE, Statement

APPLICATION_ID = 0x5347504C
"""``SGPL`` in the file's header: what tells our file from any other SQLite file."""

VERSION = 3
"""Version of the tables below; a broker refuses a file with a higher one.

An older file is migrated when it is opened: one transaction holds the ``ALTER``
and ``CREATE`` statements of every step from the file's version to this one and
sets both marks, so that a killed migration has not begun. Before it, a copy is
made beside the file.
"""

STEPS = {1: bell_schema.TABLES, 2: mail_schema.ACTED}
"""What leads from each version to the next."""

OPEN = f"state IN {OPEN_STATES!r}"
"""The SQL condition for waiting and running tasks."""

TABLES = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    request_id BLOB NOT NULL,
    queue_name TEXT NOT NULL,
    state TEXT NOT NULL,
    command TEXT NOT NULL,
    working_directory TEXT NOT NULL,
    owner TEXT NOT NULL,
    principal TEXT NOT NULL,
    session TEXT NOT NULL,
    requester_pid INTEGER NOT NULL,
    parent INTEGER,
    created_at REAL NOT NULL,
    started_at REAL,
    ended_at REAL,
    ran_seconds REAL NOT NULL,
    exit_code INTEGER,
    signal INTEGER,
    reason TEXT NOT NULL,
    cancelled_by TEXT NOT NULL,
    timeout_seconds REAL NOT NULL,
    pid INTEGER,
    child_pid INTEGER,
    notify INTEGER NOT NULL,
    on_disconnect TEXT NOT NULL,
    killed_leftovers TEXT NOT NULL,
    peak_rss_mb REAL,
    cpu_seconds REAL,
    delivered INTEGER NOT NULL,
    agent_id INTEGER NOT NULL
);
CREATE INDEX tasks_by_request ON tasks (request_id);
CREATE VIEW queue AS
    SELECT id, queue_name, state AS status, pid, child_pid, command,
           datetime(created_at, 'unixepoch') AS created_at,
           datetime(coalesce(started_at, created_at), 'unixepoch') AS updated_at
    FROM tasks WHERE {OPEN} ORDER BY id;
{mail_schema.TABLES}
{bell_schema.TABLES}
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
"""  # noqa: S608  # constants of this module

COLUMNS = TaskRow.__struct_fields__
"""The columns of ``tasks``, in the order of the fields."""

SELECT = f"SELECT {', '.join(COLUMNS)} FROM tasks "  # noqa: S608  # constants of this module
_DELETE = "DELETE FROM tasks WHERE id = ?"
_COUNT = """
INSERT INTO meta VALUES ('overwritten', 1) ON CONFLICT (key) DO UPDATE SET value = value + 1"""
_TEXTS = (
    *("queue_name", "state", "command", "working_directory", "owner", "principal"),
    *("session", "reason", "cancelled_by", "on_disconnect", "killed_leftovers"),
)
_PLACES = ", ".join("CAST(? AS TEXT)" if name in _TEXTS else "?" for name in COLUMNS)
_CHANGES = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS if name != "id")
_UPSERT = (
    f"INSERT INTO tasks ({', '.join(COLUMNS)}) VALUES ({_PLACES}) "  # noqa: S608  # likewise
    f"ON CONFLICT (id) DO UPDATE SET {_CHANGES}"
)


def names(version: int = VERSION) -> frozenset[str]:
    """Return the names of everything that a store of a version has."""
    later = "".join(step for since, step in STEPS.items() if since >= version)
    return _created(TABLES) - _created(later)


def migration(version: int) -> str:
    """Return the SQL that makes a store of this version of one of an older."""
    steps = "".join(STEPS[since] for since in range(version, VERSION))
    return f"""
BEGIN IMMEDIATE;
{steps}
UPDATE meta SET value = {VERSION} WHERE key = 'version';
PRAGMA user_version = {VERSION};
COMMIT;"""  # noqa: S608  # constants of this module


def _created(tables: str) -> frozenset[str]:
    return frozenset(re.findall(r"CREATE (?:TABLE|INDEX|VIEW) (\w+)", tables))


def text_of(raw: bytes) -> str:
    """Return the text that SQLite holds as ``raw``; for ``Connection.text_factory``."""
    return raw.decode("utf-8", "surrogatepass")


def record_of(row: TaskRow) -> tuple[object, ...]:
    """Return what the store wants for one row."""
    values = msgspec.structs.asdict(row)
    # The json module, since msgspec refuses names that hold surrogates.
    values["killed_leftovers"] = json.dumps([[e.name, e.pid] for e in row.killed_leftovers])
    return tuple(
        value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
        for value in values.values()
    )


def row_of(record: Sequence[object]) -> TaskRow:
    """Return the row that :data:`SELECT` gave.

    :raises msgspec.ValidationError: somebody else has written it
    """
    values = dict(zip(COLUMNS, record, strict=True))
    leftovers = json.loads(str(values["killed_leftovers"]))
    values["killed_leftovers"] = [{"name": name, "pid": pid} for name, pid in leftovers]
    values["notify"] = bool(values["notify"])
    values["delivered"] = bool(values["delivered"])
    return msgspec.convert(values, TaskRow)


def _nothing(_: object) -> tuple[object, ...]:
    return ()


def _record_of_id(task_id: int) -> tuple[object, ...]:
    return (task_id,)


PUT = Statement(INSERT, ((_UPSERT, record_of),))
MARK = Statement(UPDATE, ((_COUNT, _nothing),))
"""Changes a page, so that a commit with it is written, whatever else it holds."""
FORGET = Statement(LAST, ((_DELETE, _record_of_id),))
