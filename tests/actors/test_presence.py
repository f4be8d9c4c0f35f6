from __future__ import annotations

import os
import resource
import shutil
from pathlib import Path
from typing import cast

import pytest

from signalpost.actors.lock import Lock
from signalpost.actors.presence import LOCK_REMOVED, REMOVED, Presence
from signalpost.actors.store import SqliteStore
from signalpost.transport import endpoint
from signalpost.transport.door import Door


class StandIn:
    """Lock, store and door of a broker, and what it is told."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.published = endpoint.Published(
            f"ipc://{data_dir}/run/b.sock", "ab" * 12, 77, 123.0, "1.0"
        )
        self.lock_lost = self.store_lost = self.lost = False
        self.refusal: OSError | None = None
        self.opened = 0
        self.folded: list[str] = []
        self.presence = Presence(
            data_dir,
            self.published,
            cast("Lock", LockOf(self)),
            cast("SqliteStore", StoreOf(self)),
            cast("Door", self),
            self.folded.append,
        )

    def reopen(self) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.opened += 1
        self.lost = False


class LockOf:
    def __init__(self, broker: StandIn) -> None:
        self.lost = lambda: broker.lock_lost


class StoreOf:
    def __init__(self, broker: StandIn) -> None:
        self.vanished = lambda: broker.store_lost


@pytest.fixture
def broker(tmp_path: Path) -> StandIn:
    data_dir = tmp_path / "d"
    endpoint.prepare(data_dir)
    broker = StandIn(data_dir)
    endpoint.publish(data_dir, broker.published)
    return broker


def file_of(broker: StandIn) -> Path:
    return endpoint.run_dir(broker.data_dir) / "broker.json"


def test_where_all_is_in_place_nothing_is_written(broker: StandIn) -> None:
    before = file_of(broker).stat()
    broker.presence.look()
    assert file_of(broker).stat() == before
    assert (broker.opened, broker.folded) == (0, [])


@pytest.mark.parametrize("text", [None, b"", b'{"x', b"\xff" * 9, b'{"pid": 1}'])
def test_what_was_published_is_there_again(broker: StandIn, text: bytes | None) -> None:
    file_of(broker).unlink()
    if text is not None:
        file_of(broker).write_bytes(text)
    broker.presence.look()
    assert endpoint.read_published(broker.data_dir) == broker.published
    assert broker.folded == []


def test_with_its_folder_the_socket_is_there_again_too(broker: StandIn) -> None:
    shutil.rmtree(endpoint.run_dir(broker.data_dir))
    broker.lost = True
    broker.presence.look()
    assert endpoint.read_published(broker.data_dir) == broker.published
    assert (broker.opened, broker.folded) == (1, [])
    endpoint.check_private(endpoint.run_dir(broker.data_dir))


def test_who_cannot_be_found_again_folds_and_says_why(broker: StandIn) -> None:
    broker.lost = True
    broker.refusal = OSError(13, "Permission denied")
    broker.presence.look()
    assert broker.folded == ["clients cannot find it any more ([Errno 13] Permission denied)"]


def test_without_a_descriptor_to_look_with_nobody_folds(broker: StandIn) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            os.open("/", os.O_RDONLY)
        broker.presence.look()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert broker.folded == []
    broker.presence.look()
    assert broker.folded == []
    assert endpoint.read_published(broker.data_dir) == broker.published


def test_a_folder_of_somebody_else_in_our_place_is_not_used(broker: StandIn) -> None:
    shutil.rmtree(endpoint.run_dir(broker.data_dir))
    endpoint.run_dir(broker.data_dir).symlink_to("/tmp")
    broker.lost = True
    broker.presence.look()
    assert broker.opened == 0
    assert "is no folder of its own" in broker.folded[0]


@pytest.mark.parametrize(("lost", "why"), [("lock", LOCK_REMOVED), ("store", REMOVED)])
def test_who_may_have_been_replaced_folds_and_writes_nothing(
    broker: StandIn, lost: str, why: str
) -> None:
    file_of(broker).unlink()
    broker.lost = True
    broker.lock_lost, broker.store_lost = lost == "lock", lost == "store"
    broker.presence.look()
    assert broker.presence.gone()
    assert broker.folded == [why, why]
    assert broker.opened == 0
    assert not file_of(broker).exists()
