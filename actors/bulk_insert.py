"""Many rows in one SQL statement, which is a transaction of its own. Pure.

With each statement the thread of the store gives the interpreter's lock away, and waits to
get it back from a busy event loop: a hundred messages are two such waits in this way, and
some four hundred by ``executemany``. Together with shorter waits, see
:data:`.serve.SWITCH_SECONDS`, a hundred senders wait a fifth less for theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Generic, TypeVar

T = TypeVar("T")

MOST = 128
"""Rows in one statement."""


@dataclass(frozen=True, slots=True, eq=False)
class BulkInsert(Generic[T]):
    """An insert into a view of ``columns``, whose trigger spreads a row over the tables.

    The trigger passes over rows without a value in the first column.
    """

    view: str
    columns: tuple[str, ...]
    record: Callable[[T], Sequence[object]]

    def fits(self, count: int, variables: int) -> bool:
        """Tell whether so many rows go into one statement of at most so many variables."""
        return 0 < count <= MOST and _places(count) * len(self.columns) <= variables

    def sql(self, count: int) -> str:
        """Return the statement for so many rows, one of few: SQLite keeps them prepared."""
        row = f"({', '.join('?' * len(self.columns))})"
        rows = ", ".join([row] * _places(count))
        return f"INSERT INTO {self.view} ({', '.join(self.columns)}) VALUES {rows}"  # noqa: S608

    def values(self, items: Sequence[T]) -> list[object]:
        """Return what the statement for so many items wants."""
        records: Iterable[Sequence[object]] = map(self.record, items)
        spare = _places(len(items)) - len(items)
        return [*chain.from_iterable(records), *[None] * (spare * len(self.columns))]


def _places(count: int) -> int:
    """Return the next power of two."""
    return 1 << (count - 1).bit_length()
