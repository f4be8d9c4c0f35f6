from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest

from signalpost.actors import archive as archive_module
from signalpost.actors.archive import Archive
from signalpost.actors.history import row_of
from signalpost.actors.job import Outcome
from signalpost.actors.moment import Moment
from signalpost.actors.output import Output
from signalpost.actors.store import SqliteStore
from signalpost.actors.task import Call, Task
from signalpost.transport.errors import StoreFull
from tests.actors.stand_ins import moment

NewTask = Callable[..., Task]
ONLOOKER = Call(b"c", b"s", runs=False, principal="another")
OUTCOME = Outcome(reason="exit", exit_code=0, ran_seconds=1.0, tail=b"its output")


class Keeper:
    """An archive over a store on a disk that can be filled."""

    def __init__(self, store: SqliteStore, folder: Path, new_task: NewTask) -> None:
        self.store = store
        self.output = Output(folder)
        self.archive = Archive(store, self.output, moment, store.vanished, lambda _, __: None)
        self.new_task = new_task

    async def fill(self) -> None:
        """Let no page be added any more."""
        committer = self.store._committer  # pyright: ignore[reportPrivateUsage]
        pages = await committer.ask(lambda c: c.execute("PRAGMA page_count").fetchone()[0])
        await committer.ask(lambda c: c.execute(f"PRAGMA max_page_count = {pages}"))
        with pytest.raises(StoreFull):
            for task_id in range(900, 2000):
                self.store.put(row_of(self.new_task(task_id, command="x" * 500)))
                await self.store.committed()
        assert self.store.full

    def end(self, task_id: int, **fields: object) -> Task:
        """Let a task end: its row is put, whatever becomes of that."""
        task = self.new_task(task_id, output="/o", started=Moment(1.0, 1001.0), **fields)
        task.ended = Moment(2.0, 1002.0)
        task.settle(OUTCOME)
        self.store.put(row_of(task))
        self.archive.finished(task)
        self.output.path(task_id).touch()
        return task

    async def listed(self, limit: int = 20) -> list[tuple[int, str]]:
        return [(r.task_id, r.state) for r in await self.archive.newest_ended(limit)]


@pytest.fixture
async def keeper(tmp_path: Path, new_task: NewTask) -> AsyncGenerator[Keeper, None]:
    (tmp_path / "output").mkdir()
    async with SqliteStore.open(tmp_path / "queue.db", "process") as store:
        yield Keeper(store, tmp_path / "output", new_task)
        committer = store._committer  # pyright: ignore[reportPrivateUsage]
        await committer.ask(lambda c: c.execute("PRAGMA max_page_count = 1000000"))


async def test_on_a_full_disk_what_has_ended_is_listed_all_the_same(keeper: Keeper) -> None:
    keeper.end(1)
    await keeper.store.committed()
    keeper.store.put(row_of(keeper.new_task(2, state="running")))
    await keeper.store.committed()
    await keeper.fill()
    keeper.end(2)
    keeper.end(3)
    assert await keeper.listed() == [(3, "success"), (2, "success"), (1, "success")]
    assert await keeper.listed(2) == [(3, "success"), (2, "success")]
    assert (await keeper.archive.report(2, ONLOOKER)).state == "success"


async def test_on_a_full_disk_logs_can_be_deleted_to_make_room(keeper: Keeper) -> None:
    keeper.end(1, principal="alice")
    await keeper.store.committed()
    await keeper.fill()
    keeper.end(2, principal="bob")
    keeper.end(3, principal="alice")
    assert await keeper.archive.clear_logs("alice") == 2
    assert keeper.output.ids() == {2}
    assert await keeper.archive.clear_logs(None) == 1


async def test_lists_come_without_output_and_go_back_beyond_what_is_at_hand(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_module, "RECENT", 2)
    for task_id in range(1, 6):
        keeper.end(task_id)
    assert await keeper.listed(4) == [(n, "success") for n in (5, 4, 3, 2)]
    assert {r.tail for r in await keeper.archive.newest_ended(20)} == {b""}


async def test_a_request_that_comes_again_after_the_end_of_an_adopted_task_gets_its_result(
    keeper: Keeper, new_task: NewTask
) -> None:
    task = new_task(5, adopted=True, state="failed", outcome=Outcome(reason="exit", exit_code=7))
    keeper.archive.finished(task)
    found = keeper.archive.recovered(task.request_id)
    assert found is not None
    assert (found.task_id, found.exit_code) == (5, 7)
    assert keeper.archive.recovered(b"another") is None
