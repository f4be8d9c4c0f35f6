"""Whoever waits for a commit without a task of his own; and what one commit writes."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path

import anyio
import pytest
from anyio import fail_after

from signalpost.actors import mail_schema, schema, storefile
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
    setup.connection.gate.clear()
    setup.put_alone(1)
    await setup.commit_reached()
    setup.connection.log.clear()
    for seq in range(1, 101):
        setup.committer.put(("message", seq), mail_schema.KEEP, message(seq))
    setup.connection.gate.set()
    await setup.put()
    inserts = ["INSERT", "100 rows"]
    assert setup.connection.log == ["BEGIN", *inserts, *inserts, "COMMIT"]


async def test_whoever_waits_when_all_is_on_disk_costs_no_commit(setup: Setup) -> None:
    await setup.put(1)
    setup.connection.log.clear()
    told: list[Exception | None] = []
    setup.committer.when_committed(told.append)
    await setup.committer.ask(lambda _: None)
    assert told == [None]
    assert setup.connection.log == []
