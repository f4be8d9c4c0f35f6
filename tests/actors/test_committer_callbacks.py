"""Whoever waits for a commit without a task of his own; and what one commit writes."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
import pytest
from anyio import fail_after

from signalpost.actors import bulk_insert, mail_schema, schema, storefile
from signalpost.transport.errors import ShuttingDown, StoreFull
from tests.actors.faulty import Setup, on_disk, task
from tests.actors.letters_kept import message


@pytest.fixture
async def setup(tmp_path: Path) -> AsyncGenerator[Setup, None]:
    storefile.prepare(tmp_path / "queue.db", "x")
    setup = Setup(tmp_path / "queue.db")
    with fail_after(20):
        await setup.committer.start(setup.connect)
        yield setup
        with suppress(OSError):
            await setup.committer.close()


@asynccontextmanager
async def during_a_commit(setup: Setup) -> AsyncGenerator[None, None]:
    """What is put in the block is the next commit; the log holds that one."""
    setup.connection.gate.clear()
    setup.put_alone(1)
    await setup.commit_reached()
    setup.connection.log.clear()
    yield
    setup.connection.gate.set()
    await setup.put()


class Heard:
    """What callbacks were told, in their order."""

    def __init__(self, setup: Setup) -> None:
        self.told: list[tuple[int, Exception | None, list[int]]] = []
        self._setup = setup

    def put(self, task_id: int) -> None:
        def then(error: Exception | None) -> None:
            self.told.append((task_id, error, on_disk(self._setup.path)))

        self._setup.committer.put(task_id, schema.PUT, task(task_id), then, new=True)

    def errors(self) -> list[Exception | None]:
        return [error for _, error, _ in self.told]


async def test_a_callback_comes_after_the_commit_that_holds_what_was_put_before(
    setup: Setup,
) -> None:
    heard = Heard(setup)
    heard.put(1)
    heard.put(2)
    await setup.put()
    assert [(number, error) for number, error, _ in heard.told] == [(1, None), (2, None)]
    assert all(number in there for number, _, there in heard.told)


async def test_all_of_one_commit_are_called_in_one_wake_up(setup: Setup) -> None:
    passes: list[int] = []
    turn = 0
    setup.connection.gate.clear()
    setup.put_alone(1)
    await setup.commit_reached()
    for _ in range(50):
        setup.committer.when_committed(lambda _: passes.append(turn))
    setup.connection.gate.set()
    while len(passes) < 50:
        turn += 1
        await anyio.lowlevel.checkpoint()
    assert len(set(passes)) == 1


@pytest.mark.parametrize("code", [sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY])
async def test_each_callback_is_refused_when_there_is_no_room(setup: Setup, code: int) -> None:
    setup.connection.faults["COMMIT"] = [code]
    heard = Heard(setup)
    heard.put(1)
    heard.put(2)
    await setup.ids()
    assert [type(error) for error in heard.errors()] == [StoreFull, StoreFull]
    assert len(set(map(id, heard.errors()))) == 2
    await setup.put()
    assert on_disk(setup.path) == []


async def test_what_was_refused_can_be_forgotten_before_it_is_written(setup: Setup) -> None:
    setup.connection.faults["COMMIT"] = [sqlite3.SQLITE_FULL]
    heard = Heard(setup)
    heard.put(1)
    await setup.ids()
    setup.committer.put(1, schema.FORGET, 1)
    await setup.put(2)
    assert on_disk(setup.path) == [2]


async def test_callbacks_are_told_that_the_store_has_failed(setup: Setup) -> None:
    setup.connection.faults["COMMIT"] = [sqlite3.SQLITE_IOERR_FSYNC]
    heard = Heard(setup)
    for number in (1, 2):
        heard.put(number)
        with pytest.raises(OSError, match="The store has failed"):
            await setup.put()
    assert [type(error) for error in heard.errors()] == [OSError, OSError]


async def test_a_callback_that_fails_is_reported_and_the_others_are_called(setup: Setup) -> None:
    heard: list[int] = []
    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _loop, context: reported.append(context["exception"])
    )
    setup.connection.gate.clear()
    setup.put_alone(1)
    await setup.commit_reached()
    fault = ZeroDivisionError()

    def fail(_error: Exception | None) -> None:
        raise fault

    setup.committer.when_committed(lambda _: heard.append(1))
    setup.committer.when_committed(fail)
    setup.committer.when_committed(lambda _: heard.append(2))
    setup.connection.gate.set()
    await setup.put()
    asyncio.get_running_loop().set_exception_handler(None)
    assert heard == [1, 2]
    assert reported == [fault]


async def test_closing_calls_everybody_back(setup: Setup) -> None:
    heard = Heard(setup)
    heard.put(1)
    await setup.committer.close()
    assert heard.errors() == [None]
    heard.put(2)
    await anyio.lowlevel.checkpoint()
    assert isinstance(heard.errors()[1], ShuttingDown)
    assert on_disk(setup.path) == [1]


async def test_a_later_change_of_one_key_replaces_the_earlier(setup: Setup) -> None:
    setup.connection.gate.clear()
    setup.put_alone(1)
    await setup.commit_reached()
    setup.connection.log.clear()
    for _ in range(3):
        setup.put_alone(2)
    setup.connection.gate.set()
    await setup.put()
    assert setup.connection.log == ["BEGIN", "INSERT", "1 rows", "COMMIT"]


async def test_a_row_is_inserted_before_it_is_changed_whatever_came_first(setup: Setup) -> None:
    setup.connection.gate.clear()
    setup.put_alone(1)
    await setup.commit_reached()
    row = message(7)
    setup.committer.put("note", mail_schema.NOTE, message(7, state="done"))
    setup.committer.put("message", mail_schema.KEEP, row)
    setup.connection.gate.set()
    await setup.put()
    found = await setup.committer.ask(lambda c: c.execute("SELECT state FROM messages").fetchall())
    assert found == [("done",)]


async def test_one_change_of_a_kind_is_one_statement_for_all(setup: Setup) -> None:
    async with during_a_commit(setup):
        for seq in range(1, 101):
            setup.committer.put(("note", seq), mail_schema.NOTE, message(seq))
    assert setup.connection.log == ["BEGIN", "UPDATE", "100 rows", "COMMIT"]


async def test_a_commit_of_new_messages_alone_is_one_statement(setup: Setup) -> None:
    async with during_a_commit(setup):
        for seq in range(1, 101):
            setup.committer.put(("message", seq), mail_schema.KEEP, message(seq))
    assert setup.connection.log == ["INSERT"]
    assert await kept(setup) == list(range(1, 101))


async def test_new_messages_beside_anything_else_are_in_one_transaction_with_it(
    setup: Setup,
) -> None:
    async with during_a_commit(setup):
        setup.committer.put(("message", 1), mail_schema.KEEP, message(1))
        setup.put_alone(2)
    assert [setup.connection.log[0], setup.connection.log[-1]] == ["BEGIN", "COMMIT"]
    assert await kept(setup) == [1]


async def test_more_new_messages_than_one_statement_takes_are_one_transaction(
    setup: Setup,
) -> None:
    async with during_a_commit(setup):
        for seq in range(1, bulk_insert.MOST + 2):
            setup.committer.put(("message", seq), mail_schema.KEEP, message(seq))
    inserts = ["INSERT", f"{bulk_insert.MOST + 1} rows"]
    assert setup.connection.log == ["BEGIN", *inserts, *inserts, "COMMIT"]


@pytest.mark.parametrize("code", [sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY])
async def test_new_messages_that_find_no_room_are_refused_together(setup: Setup, code: int) -> None:
    told: list[Exception | None] = []
    setup.connection.faults["INSERT"] = [code]
    for seq in (1, 2):
        setup.committer.put(("message", seq), mail_schema.KEEP, message(seq), told.append, new=True)
    with pytest.raises(StoreFull):
        await setup.put()
    assert [type(error) for error in told] == [StoreFull, StoreFull]
    assert await kept(setup) == []


async def test_of_new_messages_that_really_find_no_room_none_is_written(setup: Setup) -> None:
    pages = await setup.committer.ask(lambda c: c.execute("PRAGMA page_count").fetchone()[0])
    await setup.committer.ask(lambda c: c.execute(f"PRAGMA max_page_count = {pages + 5}"))
    told: list[Exception | None] = []
    for seq in range(1, 101):
        row = message(seq, content="x" * 4000)
        setup.committer.put(("message", seq), mail_schema.KEEP, row, told.append, new=True)
    with pytest.raises(StoreFull):
        await setup.committer.committed()
    assert {type(error) for error in told} == {StoreFull}
    assert "INSERT" in setup.connection.log
    assert await kept(setup) == []


async def kept(setup: Setup) -> list[int]:
    sql = "SELECT seq FROM messages JOIN bodies USING (seq) ORDER BY seq"
    lines = await setup.committer.ask(lambda c: c.execute(sql).fetchall())
    return [line[0] for line in lines]


async def test_whoever_waits_when_all_is_on_disk_costs_no_commit(setup: Setup) -> None:
    await setup.put(1)
    setup.connection.log.clear()
    told: list[Exception | None] = []
    setup.committer.when_committed(told.append)
    await setup.committer.ask(lambda _: None)
    assert told == [None]
    assert setup.connection.log == []
