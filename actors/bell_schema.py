"""How doorbells and rings lie in SQLite: the tables, and the way there and back. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from .bell_row import BellRow, RingRow
from .statement import INSERT, LAST, Statement

TABLES = """
CREATE TABLE bells (
    agent_id INTEGER PRIMARY KEY,
    is_on INTEGER NOT NULL,
    every_seconds REAL NOT NULL,
    cursor INTEGER NOT NULL,
    noticed INTEGER NOT NULL
);
CREATE TABLE rings (
    id INTEGER PRIMARY KEY,
    agent_id INTEGER NOT NULL,
    cursor INTEGER NOT NULL,
    way TEXT NOT NULL,
    outcome TEXT NOT NULL,
    at REAL NOT NULL,
    detail TEXT NOT NULL,
    request_id BLOB NOT NULL
);
"""

_BELL, _RING = BellRow.__struct_fields__, RingRow.__struct_fields__
SELECT_BELLS = f"SELECT {', '.join(_BELL)} FROM bells ORDER BY agent_id"  # noqa: S608
SELECT_RINGS = f"SELECT {', '.join(_RING)} FROM rings ORDER BY id"  # noqa: S608
PRUNE_RINGS = "DELETE FROM rings WHERE at < ?"


def bell_of_record(record: Sequence[object]) -> BellRow:
    """Return the row that :data:`SELECT_BELLS` gave.

    :raises msgspec.ValidationError: somebody else has written it
    """
    values = dict(zip(_BELL, record, strict=True))
    return msgspec.convert({**values, "is_on": bool(values["is_on"])}, BellRow)


def ring_of_record(record: Sequence[object]) -> RingRow:
    """Return the row that :data:`SELECT_RINGS` gave.

    :raises msgspec.ValidationError: somebody else has written it
    """
    return msgspec.convert(dict(zip(_RING, record, strict=True)), RingRow)


def _replace(table: str, columns: Sequence[str]) -> str:
    places = ", ".join("CAST(? AS TEXT)" if name == "detail" else "?" for name in columns)
    return f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608


def _record(row: BellRow | RingRow) -> Sequence[object]:
    values = msgspec.structs.asdict(row)
    if "detail" in values:
        values["detail"] = str(values["detail"]).encode("utf-8", "surrogatepass")
    return tuple(values.values())


def _alone(number: int) -> Sequence[object]:
    return (number,)


PUT_BELL = Statement(INSERT, ((_replace("bells", _BELL), _record),))
PUT_RING = Statement(INSERT, ((_replace("rings", _RING), _record),))
FORGET_BELL = Statement(LAST, (("DELETE FROM bells WHERE agent_id = ?", _alone),))
FORGET_RING = Statement(LAST, (("DELETE FROM rings WHERE id = ?", _alone),))
