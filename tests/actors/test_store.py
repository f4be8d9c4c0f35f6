import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest
from anyio import fail_after

from signalpost.actors import storefile
from signalpost.actors.row import TaskRow
from signalpost.actors.store import Durability, SqliteStore
from signalpost.transport.errors import BrokerUnavailable
from signalpost.transport.messages import Leftover

Parameters = Any


def task(task_id: int, **changes: object) -> TaskRow:
    row = TaskRow(
        id=task_id,
        request_id=task_id.to_bytes(16, "big"),
        queue_name="global",
        state="waiting",
        command="make",
        working_directory="/src",
        created_at=1000.0 + task_id,
    )
    return msgspec.structs.replace(row, **changes)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "queue.db"


@pytest.fixture
async def store(path: Path) -> AsyncGenerator[SqliteStore, None]:
    with fail_after(20):
        async with SqliteStore.open(path) as store:
            yield store


async def test_a_row_is_found_again_after_closing(path: Path) -> None:
    row = task(3, state="failed", exit_code=2, killed_leftovers=[Leftover("gradle", 4711)])
    async with SqliteStore.open(path) as store:
        store.put(row)
    async with SqliteStore.open(path) as store:
        assert await store.task(3) == row
        assert await store.task(4) is None


async def test_the_newest_state_of_a_task_counts(store: SqliteStore) -> None:
    store.put(task(1))
    store.put(task(1, state="running", pid=7))
    await store.committed()
    store.put(task(1, state="success", pid=7, exit_code=0))
    await store.committed()
    assert await store.recent(9) == [task(1, state="success", pid=7, exit_code=0)]


async def test_open_tasks_are_the_waiting_and_running_by_id(store: SqliteStore) -> None:
    for task_id, state in enumerate(["waiting", "success", "running", "lost", "waiting"]):
        store.put(task(10 - task_id, state=state))
    assert [(t.id, t.state) for t in await store.open_tasks()] == [
        (6, "waiting"),
        (8, "running"),
        (10, "waiting"),
    ]


async def test_a_request_is_found_by_its_id(store: SqliteStore) -> None:
    store.put(task(1, request_id=b"r" * 16))
    store.put(task(2, request_id=b"r" * 16))
    found = await store.by_request(b"r" * 16)
    assert found
    assert found.id == 2
    assert await store.by_request(b"s" * 16) is None


async def test_recent_tasks_come_newest_first(store: SqliteStore) -> None:
    for task_id in range(1, 6):
        store.put(task(task_id))
    assert [t.id for t in await store.recent(3)] == [5, 4, 3]


async def test_a_forgotten_task_leaves_no_trace(store: SqliteStore) -> None:
    store.put(task(1))
    await store.committed()
    store.forget(1)
    store.put(task(2))
    store.forget(2)
    await store.committed()
    assert await store.recent(9) == []


async def test_the_highest_id_is_that_of_the_newest_task(store: SqliteStore) -> None:
    assert await store.highest_id() == 0
    store.put(task(40))
    store.put(task(7))
    assert await store.highest_id() == 40


async def test_undelivered_results_are_the_ended_ones_nobody_got(store: SqliteStore) -> None:
    store.put(task(1, state="running"))
    store.put(task(2, state="failed"))
    store.put(task(3, state="failed", delivered=True))
    assert [t.id for t in await store.undelivered()] == [2]


async def test_durations_are_the_newest_five_successes_of_each_command(store: SqliteStore) -> None:
    for task_id in range(1, 8):
        store.put(task(task_id, state="success", ran_seconds=task_id))
    store.put(task(8, state="success", ran_seconds=80, working_directory="/other"))
    store.put(task(9, state="failed", ran_seconds=90))
    assert await store.durations() == [
        *[("make", "/src", float(seconds)) for seconds in range(3, 8)],
        ("make", "/other", 80.0),
    ]


async def test_durations_are_those_of_the_newest_commands(store: SqliteStore) -> None:
    for task_id in range(1, 2_003):
        store.put(task(task_id, state="success", command=f"c{task_id}"))
    store.put(task(2_003, state="success", command="c2002"))
    commands = [command for command, _, _ in await store.durations()]
    assert commands == [*(f"c{n}" for n in range(3, 2_003)), "c2002"]


async def test_pruning_removes_old_history_and_no_open_task(store: SqliteStore) -> None:
    for task_id in range(1, 1_203):
        store.put(task(task_id, state="lost", ended_at=50.0))
    store.put(task(2_000, state="running", ended_at=None))
    store.put(task(2_001, state="success", ended_at=100.0))
    assert await store.prune(100.0) == 1_202
    assert [t.id for t in await store.recent(9)] == [2_001, 2_000]


async def test_people_may_look_while_the_store_is_open(store: SqliteStore, path: Path) -> None:
    store.put(task(1, state="running", pid=7, child_pid=8, started_at=1_700_000_000.0))
    store.put(task(2, created_at=1_700_000_001.0))
    store.put(task(3, state="success"))
    await store.committed()
    with closing(sqlite3.connect(path)) as other:
        other.row_factory = sqlite3.Row
        first, second = [dict(line) for line in other.execute("SELECT * FROM queue")]
    assert " ".join(first) == "id queue_name status pid child_pid command created_at updated_at"
    assert (first["id"], first["status"], first["pid"], first["child_pid"]) == (1, "running", 7, 8)
    assert first["updated_at"] == "2023-11-14 22:13:20"
    assert (second["id"], second["status"], second["command"]) == (2, "waiting", "make")
    assert second["created_at"] == second["updated_at"] == "2023-11-14 22:13:21"


async def test_only_the_owner_may_read_the_files(store: SqliteStore, path: Path) -> None:
    store.put(task(1))
    await store.committed()
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in path.parent.iterdir()}
    assert modes == dict.fromkeys(["queue.db", "queue.db-wal", "queue.db-shm", "store.id"], 0o600)


async def test_closing_folds_the_log_into_the_file(path: Path) -> None:
    async with SqliteStore.open(path) as store:
        store.put(task(1))
    assert {p.name for p in path.parent.iterdir()} == {"queue.db", "store.id"}


async def test_closing_beside_a_reader_leaves_no_row_in_the_log(path: Path) -> None:
    async with SqliteStore.open(path) as store:
        with closing(sqlite3.connect(path)) as reader:
            store.put(task(1))
            await store.committed()
            reader.execute("SELECT * FROM queue").fetchall()
            await store.close()
            assert path.with_name("queue.db-wal").stat().st_size == 0


async def test_a_moved_file_is_noticed(store: SqliteStore, path: Path) -> None:
    assert not store.vanished()
    await anyio.Path(path).rename(path.with_name("moved"))
    assert store.vanished()


async def test_a_store_keeps_its_name(path: Path) -> None:
    async with SqliteStore.open(path) as store:
        name = store.store_id
    async with SqliteStore.open(path) as store:
        assert store.store_id == name
    assert len(name) == 32


async def test_a_refused_file_is_not_opened(path: Path) -> None:
    await anyio.Path(path).write_bytes(b"my notes")
    with pytest.raises(BrokerUnavailable):
        async with SqliteStore.open(path):
            pass
    assert {p.name: p.read_bytes() for p in path.parent.iterdir()} == {"queue.db": b"my notes"}


@pytest.mark.parametrize(("durability", "expected"), [("power", 2), ("process", 1)])
async def test_durability_sets_what_a_commit_waits_for(
    path: Path, durability: Durability, expected: int
) -> None:
    seen: list[int] = []

    class Watched(sqlite3.Connection):
        def execute(self, sql: str, parameters: Parameters = (), /) -> sqlite3.Cursor:
            if sql == "COMMIT":
                seen.append(super().execute("PRAGMA synchronous").fetchone()[0])
            return super().execute(sql, parameters)

    def connect(path: Path) -> sqlite3.Connection:
        return sqlite3.connect(path, isolation_level=None, factory=Watched)

    storefile.prepare(path, "x")
    async with SqliteStore.open(path, durability, connect=connect) as store:
        store.put(task(1))
        await store.committed()
        seen.append(expected)
    assert set(seen) == {expected}
    assert len(seen) > 1


WRITER = """
import sys, anyio
from pathlib import Path
from signalpost.actors.row import TaskRow
from signalpost.actors.store import SqliteStore

async def write_one(store, n):
    store.put(TaskRow(id=n, request_id=bytes(16), queue_name="q", state="waiting", command="c",
                      working_directory="/", created_at=0))
    await store.committed()
    print(n, flush=True)

async def main():
    async with SqliteStore.open(Path(sys.argv[1])) as store:
        first = await store.highest_id() + 1
        for n in range(first, first + 100_000, 20):
            async with anyio.create_task_group() as group:
                for one in range(n, n + 20):
                    group.start_soon(write_one, store, one)

anyio.run(main)
"""


def confirmed_by_a_killed_writer(path: Path, lines: int) -> list[int]:
    """Let a writer confirm so many rows at least, and kill it in full flight."""
    writer = subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE)
    assert writer.stdout
    confirmed = [int(writer.stdout.readline()) for _ in range(lines)]
    os.kill(writer.pid, signal.SIGKILL)
    rest, _ = writer.communicate()
    return confirmed + [int(line) for line in rest.splitlines(keepends=True) if line[-1:] == b"\n"]


async def test_a_killed_writer_loses_no_confirmed_row_and_no_id(path: Path) -> None:
    confirmed: list[int] = []
    for lines in (1, 7, 150):
        confirmed += confirmed_by_a_killed_writer(path, lines)
        async with SqliteStore.open(path) as store:
            assert set(confirmed) <= {t.id for t in await store.open_tasks()}
    assert len(confirmed) == len(set(confirmed))
