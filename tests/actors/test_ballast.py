"""Case 8: the room that is kept for what was accepted already."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path

import pytest
from anyio import fail_after

from signalpost.actors import schema, storefile
from signalpost.actors.ballast import Ballast
from signalpost.actors.commit_work import Then
from signalpost.actors.committer import Committer
from signalpost.transport.errors import StoreFull
from tests.actors.faulty import Setup, on_disk, task

FULL = sqlite3.SQLITE_FULL


class Disk(Ballast):
    """The ballast of a disk of which a test says how much is free."""

    free = 1000

    def _free(self) -> int:
        return self.free


class Lean(Setup):
    """A committer with a ballast."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "queue.db")
        self.disk = Disk(folder / "store.ballast", 100)
        self.committer = Committer(self.disk)
        self.told: list[tuple[str, type[Exception] | None]] = []

    def change(self, name: str, task_id: int, *, new: bool) -> None:
        self.committer.put(task_id, schema.PUT, task(task_id), self.then(name), new=new)

    def then(self, name: str) -> Then:
        return lambda error: self.told.append((name, type(error) if error else None))

    async def heard(self) -> dict[str, type[Exception] | None]:
        with suppress(StoreFull):
            await self.committer.committed()
        told, self.told = dict(self.told), []
        return told


@pytest.fixture
def ballast(tmp_path: Path) -> Disk:
    return Disk(tmp_path / "store.ballast", 100)


@pytest.fixture
async def lean(tmp_path: Path) -> AsyncGenerator[Lean, None]:
    storefile.prepare(tmp_path / "queue.db", "x")
    lean = Lean(tmp_path)
    with fail_after(20):
        await lean.committer.start(lean.connect)
        yield lean
        with suppress(StoreFull, OSError):
            await lean.committer.close()


def size(folder: Path) -> int:
    path = folder / "store.ballast"
    return path.stat().st_size if path.exists() else 0


@pytest.mark.parametrize(("free", "taken"), [(1000, 100), (200, 100), (100, 50), (0, 0)])
def test_half_of_what_is_free_is_taken_at_most(
    ballast: Disk, tmp_path: Path, free: int, taken: int
) -> None:
    ballast.free = free
    ballast.take()
    assert size(tmp_path) == taken


def test_a_ballast_of_an_earlier_life_is_kept_and_completed(ballast: Disk, tmp_path: Path) -> None:
    (tmp_path / "store.ballast").write_bytes(b"x" * 40)
    ballast.free = 60
    ballast.take()
    assert size(tmp_path) == 50
    ballast.free = 0
    ballast.take()
    assert size(tmp_path) == 50


def test_it_really_takes_room(tmp_path: Path) -> None:
    Ballast(tmp_path / "store.ballast", 1 << 20).take()
    assert (tmp_path / "store.ballast").stat().st_blocks * 512 >= 1 << 20


def test_it_is_taken_again_only_when_there_is_more_room_than_it_wants(
    ballast: Disk, tmp_path: Path
) -> None:
    ballast.take()
    ballast.give_up()
    assert (size(tmp_path), ballast.given_up) == (0, True)
    ballast.free = 124
    assert not ballast.retake()
    ballast.free = 125
    assert ballast.retake()
    assert (size(tmp_path), ballast.given_up) == (100, False)


def test_one_that_somebody_removed_cannot_be_given_up(ballast: Disk, tmp_path: Path) -> None:
    ballast.take()
    (tmp_path / "store.ballast").unlink()
    ballast.give_up()
    assert not ballast.given_up


def test_a_folder_in_its_place_is_left_and_told(
    ballast: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    ballast.path.mkdir()
    ballast.take()
    assert "it is a folder, not a file" in caplog.text
    assert ballast.path.is_dir()


def test_where_no_room_can_be_reserved_there_is_no_ballast_and_no_fault(
    ballast: Disk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    ballast.take()
    assert "no room can be reserved" in caplog.text
    assert not ballast.path.exists()
    ballast.give_up()
    assert not ballast.given_up


async def test_without_room_what_is_new_is_refused_and_the_rest_is_on_disk(lean: Lean) -> None:
    lean.connection.faults["COMMIT"] = [FULL]
    lean.disk.free = 0
    lean.change("new", 1, new=True)
    lean.change("known", 2, new=False)
    lean.committer.when_committed(lean.then("all"))
    with pytest.raises(StoreFull):
        await lean.committer.committed()
    assert await lean.heard() == {"new": StoreFull, "known": None, "all": None}
    assert on_disk(lean.path) == [2]
    assert size(lean.path.parent) == 0


async def test_until_there_is_room_for_the_ballast_nothing_new_takes_its_place(lean: Lean) -> None:
    lean.connection.faults["COMMIT"] = [FULL]
    lean.change("first", 1, new=True)
    assert await lean.heard() == {"first": StoreFull}
    lean.disk.free = 100
    for number in range(2, 5):
        lean.change("new", number, new=True)
        lean.change("known", number + 10, new=False)
        assert await lean.heard() == {"new": StoreFull, "known": None}
    assert on_disk(lean.path) == [12, 13, 14]
    assert lean.committer.full


async def test_when_there_is_room_again_everything_is_written_and_the_ballast_is_back(
    lean: Lean,
) -> None:
    lean.connection.faults["COMMIT"] = [FULL]
    lean.change("first", 1, new=True)
    assert await lean.heard() == {"first": StoreFull}
    lean.change("second", 2, new=True)
    assert await lean.heard() == {"second": None}
    assert on_disk(lean.path) == [2]
    assert size(lean.path.parent) == 100
    assert not lean.committer.full


async def test_what_becomes_of_something_new_is_new_until_that_is_on_disk(lean: Lean) -> None:
    lean.connection.faults["COMMIT"] = [FULL]
    lean.disk.free = 0
    lean.change("accepted", 1, new=True)
    lean.change("started", 1, new=False)
    assert await lean.heard() == {"accepted": StoreFull, "started": StoreFull}
    lean.committer.put(1, schema.FORGET, 1)
    await lean.committer.committed()
    assert on_disk(lean.path) == []


async def test_where_the_ballast_is_of_no_use_everybody_is_refused(lean: Lean) -> None:
    lean.connection.faults["COMMIT"] = [FULL, FULL]
    lean.change("new", 1, new=True)
    lean.change("known", 2, new=False)
    assert await lean.heard() == {"new": StoreFull, "known": StoreFull}
    assert on_disk(lean.path) == []
    assert not lean.committer.failed


async def test_an_index_of_the_log_that_cannot_grow_is_want_of_room(lean: Lean) -> None:
    lean.connection.faults["COMMIT"] = [sqlite3.SQLITE_IOERR_SHMSIZE]
    lean.change("new", 1, new=True)
    lean.change("known", 2, new=False)
    assert await lean.heard() == {"new": StoreFull, "known": None}
    assert not lean.committer.failed


async def test_work_that_makes_room_is_done_without_room_for_anything_new(lean: Lean) -> None:
    await lean.put(7)
    lean.connection.faults["COMMIT"] = [FULL]
    lean.change("new", 1, new=True)
    removed = await lean.committer.ask(
        lambda c: c.execute("DELETE FROM tasks WHERE id = 7").rowcount, writes=True
    )
    assert removed == 1
    assert on_disk(lean.path) == []


async def test_what_was_refused_is_not_written_by_a_later_commit(lean: Lean) -> None:
    lean.connection.faults["COMMIT"] = [FULL]
    lean.change("refused", 1, new=True)
    assert await lean.heard() == {"refused": StoreFull}
    await lean.put(2)
    assert on_disk(lean.path) == [2]


async def test_what_becomes_of_something_refused_is_not_written_until_that_is_forgotten(
    lean: Lean,
) -> None:
    lean.connection.faults["COMMIT"] = [FULL]
    lean.change("accepted", 1, new=True)
    lean.committer.put(1, schema.PUT, task(1))
    assert await lean.heard() == {"accepted": StoreFull}
    lean.change("ended", 1, new=False)
    lean.change("known", 2, new=False)
    assert await lean.heard() == {"ended": StoreFull, "known": None}
    assert on_disk(lean.path) == [2]
    lean.committer.put(1, schema.FORGET, 1)
    lean.change("again", 1, new=True)
    assert await lean.heard() == {"again": None}
    assert on_disk(lean.path) == [1, 2]
