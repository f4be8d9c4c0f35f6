import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from signalpost.actors import schema
from signalpost.actors.row import TaskRow
from signalpost.transport.messages import Leftover

# Lone surrogates are what Python makes of bytes that are no UTF-8.
texts = st.text(st.characters(exclude_categories=())) | st.just("/tmp/\udcff\x00\ud800")
times = st.none() | st.floats(0, 1e11)
numbers = st.none() | st.integers(0, 2**31)
rows = st.builds(
    TaskRow,
    id=st.integers(1, 2**40),
    request_id=st.binary(min_size=16, max_size=16),
    queue_name=texts,
    state=st.sampled_from(["waiting", "running", "success", "failed", "timeout", "lost"]),
    command=texts,
    working_directory=texts,
    owner=texts,
    reason=texts,
    cancelled_by=texts,
    created_at=st.floats(0, 1e11),
    started_at=times,
    ended_at=times,
    exit_code=numbers,
    signal=numbers,
    pid=numbers,
    parent=numbers,
    notify=st.booleans(),
    delivered=st.booleans(),
    on_disconnect=st.sampled_from(["kill", "finish"]),
    killed_leftovers=st.lists(st.builds(Leftover, name=texts, pid=st.integers(1, 2**31))),
    peak_rss_mb=times,
)


def memory() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.text_factory = schema.text_of
    connection.executescript(schema.TABLES)
    return connection


def test_the_columns_are_the_fields_of_a_row() -> None:
    columns = [line[1] for line in memory().execute("PRAGMA table_info (tasks)")]
    assert tuple(columns) == TaskRow.__struct_fields__


@given(st.lists(rows, max_size=4))
def test_every_row_comes_back_as_it_went(some: list[TaskRow]) -> None:
    connection = memory()
    ((upsert, record_of),) = schema.PUT.steps
    connection.executemany(upsert, [record_of(row) for row in some])
    found = [schema.row_of(record) for record in connection.execute(schema.SELECT)]
    assert found == sorted({row.id: row for row in some}.values(), key=lambda row: row.id)
    types = connection.execute("SELECT DISTINCT typeof(command), typeof(reason) FROM tasks")
    assert types.fetchall() in ([], [("text", "text")])
    connection.close()


def test_no_column_holds_environment_or_output() -> None:
    assert not {"environment", "env_vars", "output", "tail"} & set(schema.COLUMNS)
