import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalpost.actors.bulk_insert import MOST, BulkInsert

PAIRS: BulkInsert[tuple[int, str]] = BulkInsert("pairs", ("number", "word"), lambda pair: pair)


def memory() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript("""
        CREATE TABLE found (number, word);
        CREATE TEMP VIEW pairs AS SELECT NULL AS number, NULL AS word;
        CREATE TEMP TRIGGER take INSTEAD OF INSERT ON pairs WHEN NEW.number IS NOT NULL BEGIN
            INSERT INTO found VALUES (NEW.number, NEW.word);
        END;
    """)
    return connection


@given(st.integers(1, MOST))
def test_as_many_rows_are_inserted_as_there_are_items_in_their_order(count: int) -> None:
    connection = memory()
    pairs = [(number, str(number)) for number in range(count)]
    connection.execute(PAIRS.sql(count), PAIRS.values(pairs))
    assert connection.execute("SELECT * FROM found ORDER BY rowid").fetchall() == pairs
    connection.close()


def test_few_statements_serve_all_counts() -> None:
    assert len({PAIRS.sql(count) for count in range(1, MOST + 1)}) == 8


@pytest.mark.parametrize(
    ("count", "variables", "fits"),
    [(0, 999, False), (1, 2, True), (1, 1, False), (5, 16, True), (5, 15, False)],
)
def test_what_takes_more_variables_than_sqlite_has_does_not_fit(
    count: int, variables: int, fits: bool
) -> None:
    assert PAIRS.fits(count, variables) is fits


def test_only_so_many_rows_fit() -> None:
    assert PAIRS.fits(MOST, 1 << 20)
    assert not PAIRS.fits(MOST + 1, 1 << 20)
