from __future__ import annotations

import errno
import os
import resource
import shutil
import socket
import stat
import tempfile
from collections.abc import AsyncGenerator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import anyio
import pytest
from anyio import fail_after
from anyio.lowlevel import checkpoint

from signalpost.transport import door
from signalpost.transport.door import QUEUE, Door

LIMIT = 1000


class House:
    """A door at ``path``, and behind it somebody who accepts as ZeroMQ would."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.open_files = 10
        self.admitted: list[str] = []
        self.dismissed: list[str] = []
        self.connected: list[int] = []
        self.door: Door
        self._things = ExitStack()
        self._batches: dict[str, socket.socket] = {}
        self._news = anyio.Event()

    def build(self) -> None:
        """Make the door, in a running loop."""
        self.door = Door(str(self.path), self._admit, self.dismissed.append, self.connected.append)
        self._things.callback(self.door.close)

    def _admit(self, descriptor: int, address: str) -> None:
        self._batches[address] = self._keep(socket.socket(fileno=descriptor))
        self._batches[address].setblocking(False)
        self.admitted.append(address)
        self._news.set()

    def knock(self, times: int = 1) -> None:
        for _ in range(times):
            newcomer = self._keep(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            newcomer.setblocking(False)
            newcomer.connect(str(self.path))

    async def batch(self) -> str:
        """Return the address of the next batch that is let in."""
        with fail_after(5):
            await self._news.wait()
        self._news = anyio.Event()
        return self.admitted[-1]

    def accept(self, address: str) -> int:
        """Accept one of a batch and report it."""
        connection = self._keep(self._batches[address].accept()[0])
        self.door.accepted(connection.fileno(), address)
        self.door.ease()
        return connection.fileno()

    def leave(self, descriptor: int) -> None:
        """Report that a connection is gone."""
        self.door.closed(descriptor)
        self.door.ease()

    def _keep(self, one: socket.socket) -> socket.socket:
        return self._things.enter_context(closing(one))

    def close(self) -> None:
        self._things.close()


@pytest.fixture
async def house(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[House, None]:
    folder = tempfile.mkdtemp(dir="/tmp")
    house = House(Path(folder, "b.sock"))
    monkeypatch.setattr(door, "raise_file_limit", lambda: LIMIT)
    monkeypatch.setattr(door, "open_files", lambda: house.open_files)
    house.build()
    yield house
    house.close()
    shutil.rmtree(folder, ignore_errors=True)


async def settled() -> None:
    """Return when the loop has called whoever had something to read."""
    for _ in range(5):
        await checkpoint()


async def test_all_who_wait_are_let_in_together(house: House) -> None:
    house.knock(3)
    address = await house.batch()
    for _ in range(3):
        house.accept(address)
    await settled()
    assert house.admitted == [address]


async def test_a_batch_holds_no_more_than_the_kernel_lets_wait(house: House) -> None:
    house.knock(QUEUE)
    with suppress(BlockingIOError):
        house.knock(LIMIT)
    address = await house.batch()
    with suppress(BlockingIOError):
        house.knock(LIMIT)  # these come to the next one, though nobody has accepted yet
    for _ in range(QUEUE + 1):
        house.accept(address)
    with pytest.raises(BlockingIOError):
        house.accept(address)


async def test_the_next_batch_follows_when_nobody_waits_in_the_one_before(house: House) -> None:
    house.knock()
    first = await house.batch()
    house.knock()
    await settled()
    assert house.admitted == [first]
    house.accept(first)
    second = await house.batch()
    house.accept(second)
    assert second != first


async def test_a_batch_is_dismissed_when_all_who_came_with_it_are_gone(house: House) -> None:
    house.knock(2)
    first = await house.batch()
    one, two = house.accept(first), house.accept(first)
    house.leave(one)
    house.knock()
    house.accept(await house.batch())
    assert house.dismissed == []
    house.leave(two)
    house.knock()
    house.accept(await house.batch())
    assert house.dismissed == [first]


async def test_nobody_is_let_in_while_descriptors_run_short(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    room = door.shut_at(LIMIT) - QUEUE - 4
    house.open_files = room + 1
    house.knock()
    await settled()
    house.door.ease()
    await settled()
    assert house.admitted == []
    assert len(caplog.records) == 1
    house.open_files = room
    house.door.ease()
    house.accept(await house.batch())


async def test_nobody_is_let_in_while_not_even_counting_has_a_descriptor(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left() -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with monkeypatch.context() as out_of_files:
        out_of_files.setattr(door, "open_files", none_left)
        house.knock()
        await settled()
        assert house.admitted == []
    house.door.ease()
    house.accept(await house.batch())


async def test_who_waits_is_let_in_though_nobody_tells_that_descriptors_are_free_again(
    house: House,
) -> None:
    house.open_files = LIMIT
    house.knock()
    await settled()
    house.open_files = 10
    house.accept(await house.batch())


async def test_how_many_are_connected_is_told_whenever_it_changes(house: House) -> None:
    house.knock(2)
    address = await house.batch()
    first = house.accept(address)
    house.accept(address)
    house.leave(first)
    assert house.connected == [1, 2, 1]


@pytest.mark.parametrize(("limit", "shut_at"), [(1000, 700), (200, 136)])
def test_three_tenths_of_the_descriptors_and_64_at_least_are_kept_free(
    limit: int, shut_at: int
) -> None:
    assert door.shut_at(limit) == shut_at


async def test_the_entrance_is_for_this_user_only_and_gone_at_the_end(house: House) -> None:
    house.knock()
    house.accept(await house.batch())
    assert stat.S_IMODE(house.path.stat().st_mode) == 0o700
    assert os.listdir(house.path.parent) == [house.path.name]
    house.close()
    assert os.listdir(house.path.parent) == []


async def test_a_folder_that_is_gone_lets_nobody_in_and_breaks_nothing(house: House) -> None:
    house.knock()
    shutil.rmtree(house.path.parent)
    await settled()
    house.door.ease()
    await settled()
    assert house.admitted == []


def test_open_files_are_counted() -> None:
    before = door.open_files()
    ends = os.pipe()
    try:
        assert door.open_files() == before + 2
    finally:
        for end in ends:
            os.close(end)


@pytest.mark.parametrize(
    ("hard", "soft"), [(4096, 4096), (resource.RLIM_INFINITY, 10_240)], ids=["linux", "macos"]
)
def test_the_soft_limit_is_raised_as_far_as_it_goes(
    hard: int, soft: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []

    def ask(_kind: int) -> tuple[int, int]:
        return 256, hard

    def set_to(_kind: int, limits: tuple[int, int]) -> None:
        asked.append(limits)

    monkeypatch.setattr(resource, "getrlimit", ask)
    monkeypatch.setattr(resource, "setrlimit", set_to)
    assert door.raise_file_limit() == soft
    assert asked == [(soft, hard)]


async def test_a_path_that_was_removed_is_taken_again(house: House) -> None:
    house.knock()
    inside = house.accept(await house.batch())
    await settled()
    assert not house.door.lost
    house.path.unlink()
    assert house.door.lost
    house.door.reopen()
    assert not house.door.lost
    house.knock()
    house.accept(await house.batch())
    house.leave(inside)
    assert len(house.admitted) == 2


async def test_a_path_that_leads_to_another_socket_is_lost(house: House) -> None:
    house.path.unlink()
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as other:
        other.bind(str(house.path))
        assert house.door.lost


async def test_a_path_whose_folder_is_gone_cannot_be_taken_again(house: House) -> None:
    shutil.rmtree(house.path.parent)
    assert house.door.lost
    with pytest.raises(OSError, match="No such file"):
        house.door.reopen()
    assert house.door.lost


def test_who_has_no_descriptor_left_to_count_them_has_as_many_as_it_may() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        assert door.open_files() == 3
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
