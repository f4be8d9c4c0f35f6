import sqlite3
from collections.abc import Sequence
from functools import partial
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from signalpost.actors import mail_schema, schema
from signalpost.actors.agent_row import AgentRow
from signalpost.actors.message_row import MessageRow
from signalpost.actors.statement import Statement
from tests.actors.letters_kept import agent, message

# Lone surrogates are refused at the door; the store would keep them.
texts = st.text(st.characters(exclude_categories=())) | st.just("\x00a\ud800\N{SNOWMAN}")
times = st.none() | st.floats(0, 1e11)
messages = st.builds(
    MessageRow,
    seq=st.integers(1, 2**40),
    id=st.uuids().map(str),
    agent_id=st.integers(0, 2**40),
    sender=texts,
    sender_id=st.integers(0, 2**40),
    recipient=texts,
    kind=st.sampled_from(["task", "result", "status", "error", "ping"]),
    in_reply_to=texts,
    hops=st.integers(0, 60),
    request_id=st.binary(max_size=16),
    task_id=st.none() | st.integers(1, 2**31),
    sent_at=st.floats(0, 1e11),
    expires_at=times,
    state=st.sampled_from(["ready", "leased", "done", "expired", "dead"]),
    attempts=st.integers(0, 5),
    deliveries=st.integers(0, 9),
    delivered_at=times,
    ended_at=times,
    reason=texts,
    metadata=st.binary(max_size=20),
    content=texts,
)
agents = st.builds(
    AgentRow,
    id=st.integers(1, 2**40),
    name=texts,
    role=st.sampled_from(["publisher", "consumer", "both"]),
    description=texts,
    inbox_bound=st.none() | st.integers(1, 2**31),
    named=st.booleans(),
    thread=texts,
    client=texts,
    pid=st.integers(0, 2**31),
    working_directory=texts,
    since=st.floats(0, 1e11),
)


TYPES = "SELECT DISTINCT typeof(content) || typeof(sender) FROM messages JOIN bodies USING (seq)"


def memory() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.text_factory = schema.text_of
    connection.executescript(schema.TABLES)
    connection.executescript(mail_schema.NEW_MESSAGES)
    return connection


def keep_at_once(connection: sqlite3.Connection, items: Sequence[MessageRow]) -> None:
    bulk = mail_schema.KEEP.bulk
    assert bulk is not None
    if items:
        connection.execute(bulk.sql(len(items)), bulk.values(items))


def write(connection: sqlite3.Connection, statement: Statement[Any], items: Sequence[Any]) -> None:
    for sql, record in statement.steps:
        connection.executemany(sql, [record(item) for item in items])


def test_the_columns_are_the_fields_of_the_rows() -> None:
    connection = memory()
    columns = [line[1] for line in connection.execute("PRAGMA table_info (messages)")]
    bodies = [line[1] for line in connection.execute("PRAGMA table_info (bodies)")]
    assert (*columns, *bodies[1:]) == MessageRow.__struct_fields__
    columns = [line[1] for line in connection.execute("PRAGMA table_info (agents)")]
    assert tuple(columns) == AgentRow.__struct_fields__


@given(st.lists(messages, max_size=4, unique_by=(lambda m: m.seq, lambda m: m.id)))
def test_every_message_comes_back_as_it_went(some: list[MessageRow]) -> None:
    for keep in (partial(write, statement=mail_schema.KEEP), keep_at_once):
        connection = memory()
        keep(connection, items=some)
        lines = connection.execute(mail_schema.SELECT + "ORDER BY seq")
        found = [mail_schema.message_of_record(record) for record in lines]
        assert found == sorted(some, key=lambda row: row.seq)
        assert connection.execute(TYPES).fetchall() in ([], [("texttext",)])
        connection.close()


@given(st.lists(agents, max_size=4, unique_by=(lambda a: a.id, lambda a: a.name)))
def test_every_agent_comes_back_as_it_went(some: list[AgentRow]) -> None:
    connection = memory()
    for _ in range(2):
        write(connection, mail_schema.PUT_AGENT, some)
    lines = connection.execute(mail_schema.SELECT_AGENTS)
    found = [mail_schema.agent_of_record(record) for record in lines]
    assert found == sorted(some, key=lambda row: row.id)
    connection.close()


def test_two_agents_may_exchange_their_names_at_once() -> None:
    connection = memory()
    write(connection, mail_schema.PUT_AGENT, [agent(1, name="a"), agent(2, name="b")])
    write(connection, mail_schema.PUT_AGENT, [agent(1, name="b"), agent(2, name="a")])
    assert connection.execute("SELECT name FROM agents ORDER BY id").fetchall() == [("b",), ("a",)]


def plan(sql: str, *values: object) -> str:
    connection = memory()
    return " ".join(line[3] for line in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values))


def test_what_is_open_or_dead_is_found_without_a_look_at_the_history() -> None:
    for condition in (mail_schema.OPEN, mail_schema.DEAD):
        assert "messages_kept" in plan(f"{mail_schema.SELECT} WHERE {condition}")
    dead = f"{mail_schema.SELECT} WHERE {mail_schema.DEAD} AND agent_id = ?"
    assert "messages_kept (state=?)" in plan(dead, 1)
    (moving, _), *_ = mail_schema.MOVE.steps
    assert "messages_kept" in plan(moving, 1, 2)


def test_a_note_leaves_the_content_alone() -> None:
    connection = memory()
    write(connection, mail_schema.KEEP, [message(1)])
    write(connection, mail_schema.NOTE, [message(1, state="done", content="other")])
    record = connection.execute(mail_schema.SELECT).fetchone()
    assert mail_schema.message_of_record(record) == message(1, state="done")


def test_the_view_shows_people_what_is_open_or_dead_without_its_content() -> None:
    connection = memory()
    connection.row_factory = sqlite3.Row
    write(connection, mail_schema.PUT_AGENT, [agent(2, name="robert")])
    states = ["leased", "done", "expired", "dead"]
    rows = [message(n, state=s, sent_at=1_700_000_000) for n, s in enumerate(states)]
    write(connection, mail_schema.KEEP, [*rows, message(9, agent_id=77)])
    lines = [dict(line) for line in connection.execute("SELECT * FROM inbox")]
    assert " ".join(lines[0]) == "agent id sender kind state attempts sent_at"
    assert [(x["agent"], x["id"], x["state"]) for x in lines] == [
        ("robert", "m0", "leased"),
        ("robert", "m3", "dead"),
        ("bob", "m9", "ready"),
    ]
    assert lines[0]["sent_at"] == "2023-11-14 22:13:20"
