import errno
import logging
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator
from contextlib import closing, suppress
from pathlib import Path

import anyio
import pytest
from anyio import fail_after

from signalpost.actors import storefile
from signalpost.actors.committer import Committer
from signalpost.transport.errors import ShuttingDown, StoreFull
from tests.actors.faulty import Setup, on_disk


@pytest.fixture
async def setup(tmp_path: Path) -> AsyncGenerator[Setup, None]:
    storefile.prepare(tmp_path / "queue.db", "x")
    setup = Setup(tmp_path / "queue.db")
    with fail_after(20):
        await setup.committer.start(setup.connect)
        yield setup
        with suppress(OSError):
            await setup.committer.close()


async def test_what_comes_during_a_commit_is_one_next_commit(setup: Setup) -> None:
    setup.connection.gate.clear()
    async with anyio.create_task_group() as group:
        group.start_soon(setup.put, 1)
        await setup.commit_reached()
        for task_id in range(2, 52):
            group.start_soon(setup.put, task_id)
        await anyio.wait_all_tasks_blocked()
        setup.connection.log.clear()
        setup.connection.gate.set()
    assert setup.connection.log == ["BEGIN", "INSERT", "50 rows", "COMMIT"]
    assert on_disk(setup.path) == list(range(1, 52))


async def test_what_is_put_in_one_round_of_the_loop_is_in_one_commit(setup: Setup) -> None:
    setup.put_alone(1)
    setup.connection.reached.wait(
        0.2
    )  # the thread has all the time it wants to begin with the first
    setup.put_alone(2)
    await setup.committer.ask(lambda _: None, writes=True)
    assert setup.connection.log == ["BEGIN", "INSERT", "2 rows", "COMMIT"]


async def test_a_put_alone_is_written_without_being_asked_for(setup: Setup) -> None:
    setup.put_alone(1)
    await setup.committer.close()
    assert on_disk(setup.path) == [1]


@pytest.mark.parametrize("statement", ["BEGIN", "INSERT", "COMMIT"])
@pytest.mark.parametrize("code", [sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY])
async def test_without_room_nothing_is_accepted_and_the_rows_stay(
    setup: Setup, statement: str, code: int
) -> None:
    setup.connection.faults[statement] = [code, code]
    for _ in range(2):
        with pytest.raises(StoreFull, match="try again"):
            await setup.put(1)
        assert setup.committer.full
        assert await setup.ids() == []
    await setup.put(2)
    assert not setup.committer.full
    assert on_disk(setup.path) == [1, 2]
    assert not setup.committer.failed


async def test_each_who_waits_gets_a_refusal_of_his_own(setup: Setup) -> None:
    setup.connection.faults["COMMIT"] = [None, sqlite3.SQLITE_FULL]
    refusals: list[Exception] = []

    async def put(task_id: int) -> None:
        try:
            await setup.put(task_id)
        except StoreFull as refusal:
            refusals.append(refusal)

    setup.connection.gate.clear()
    async with anyio.create_task_group() as group:
        group.start_soon(put, 1)
        await setup.commit_reached()
        for task_id in (2, 3, 4):
            group.start_soon(put, task_id)
        await anyio.wait_all_tasks_blocked()
        setup.connection.gate.set()
    assert len(set(map(id, refusals))) == 3


async def test_a_really_full_database_recovers_by_itself(setup: Setup) -> None:
    pages = await setup.committer.ask(lambda c: c.execute("PRAGMA page_count").fetchone()[0])
    await setup.committer.ask(lambda c: c.execute(f"PRAGMA max_page_count = {pages}"))
    with pytest.raises(StoreFull, match="full"):
        await setup.put(*range(1, 500))
    assert await setup.ids() == []
    await setup.committer.ask(lambda c: c.execute("PRAGMA max_page_count = 100000"))
    await setup.put()
    assert len(await setup.ids()) == 499


async def test_a_file_held_by_another_program_is_not_the_end(setup: Setup) -> None:
    await setup.committer.ask(lambda c: c.execute("PRAGMA busy_timeout = 1"))
    with closing(sqlite3.connect(setup.path, isolation_level=None)) as person:
        person.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreFull, match="close the program"):
            await setup.put(1)
        person.execute("ROLLBACK")
    await setup.put()
    assert on_disk(setup.path) == [1]


@pytest.mark.parametrize("statement", ["BEGIN", "INSERT", "COMMIT", "ROLLBACK"])
async def test_after_a_fault_of_the_disk_nothing_is_written(setup: Setup, statement: str) -> None:
    setup.connection.faults[statement] = [sqlite3.SQLITE_IOERR_FSYNC]
    if statement == "ROLLBACK":
        setup.connection.faults["COMMIT"] = [sqlite3.SQLITE_FULL]
    with pytest.raises((OSError, StoreFull)):
        await setup.put(1)
    setup.connection.log.clear()
    with pytest.raises(OSError, match="The store has failed") as caught:
        await setup.put(2)
    assert caught.value.errno == errno.EIO
    assert setup.connection.log == []
    with pytest.raises(OSError, match="The store has failed"):
        await setup.committer.close()


async def test_damage_found_in_reading_is_a_fault_too(setup: Setup) -> None:
    setup.connection.faults["SELECT"] = [sqlite3.SQLITE_CORRUPT]
    with pytest.raises(OSError, match="The store has failed"):
        await setup.ids()
    assert setup.committer.failed


async def test_a_fault_of_the_asker_is_the_askers_alone(setup: Setup) -> None:
    with pytest.raises(ZeroDivisionError):
        await setup.committer.ask(lambda _: 1 / 0)
    await setup.put(1)
    assert await setup.ids() == [1]


async def test_a_fault_without_anybody_waiting_is_told(setup: Setup) -> None:
    setup.connection.faults["COMMIT"] = [sqlite3.SQLITE_IOERR_WRITE]
    setup.put_alone(1)
    assert isinstance(await setup.committer.wait_failed(), sqlite3.OperationalError)


async def test_rows_that_cannot_be_saved_at_the_end_are_told(setup: Setup) -> None:
    setup.connection.faults["COMMIT"] = [sqlite3.SQLITE_FULL] * 2
    with pytest.raises(StoreFull):
        await setup.put(1)
    with pytest.raises(StoreFull):
        await setup.committer.close()


async def test_a_log_that_cannot_be_folded_in_is_only_worth_a_line(
    setup: Setup, caplog: pytest.LogCaptureFixture
) -> None:
    await setup.put(1)
    setup.connection.faults["PRAGMA"] = [sqlite3.SQLITE_FULL]
    with caplog.at_level(logging.WARNING):
        await setup.committer.close()
    assert "could not be folded in" in caplog.text
    assert on_disk(setup.path) == [1]


async def test_one_who_gives_up_waiting_disturbs_nobody(setup: Setup) -> None:
    setup.connection.gate.clear()
    async with anyio.create_task_group() as group:
        group.start_soon(setup.put, 1)
        await setup.commit_reached()
        group.cancel_scope.cancel()
    setup.connection.gate.set()
    await setup.put(2)
    assert await setup.ids() == [1, 2]


async def test_closing_ends_the_thread_and_is_for_ever(setup: Setup) -> None:
    await setup.committer.close()
    assert "store" not in [thread.name for thread in threading.enumerate()]
    await setup.committer.close()
    with pytest.raises(ShuttingDown):
        await setup.put(1)


async def test_closing_is_not_stopped_by_cancellation(setup: Setup) -> None:
    setup.put_alone(1)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await setup.committer.close()
    assert on_disk(setup.path) == [1]


async def test_a_connection_that_cannot_be_opened_is_told() -> None:
    def connect() -> sqlite3.Connection:
        raise PermissionError("no")

    committer = Committer()
    with pytest.raises(PermissionError):
        await committer.start(connect)


FORGETFUL = """
import anyio, pathlib, sys
from signalpost.actors import committer, schema, storefile
async def main():
    store = committer.Committer()
    await store.start(lambda: storefile.connect(pathlib.Path(sys.argv[1])))
    store.put(1, schema.FORGET, 1)
anyio.run(main)
"""


def test_a_loop_that_ends_without_closing_does_not_hang_the_process(tmp_path: Path) -> None:
    storefile.prepare(tmp_path / "queue.db", "x")
    command = [sys.executable, "-c", FORGETFUL, str(tmp_path / "queue.db")]
    done = subprocess.run(command, timeout=20, check=False, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
