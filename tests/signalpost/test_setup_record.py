from __future__ import annotations

import os
from pathlib import Path

import pytest

from signalpost.setup_record import SetupRecord
from signalpost.transport.errors import BadRequest

FILE = Path("/home/alice/.codex/config.toml")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def copies(state: Path) -> list[bytes]:
    return sorted(path.read_bytes() for path in (state / "setup").glob("config.toml.*"))


def test_what_was_first_is_known_however_often_setup_writes(state: Path) -> None:
    SetupRecord(state).keep(FILE, b"first", b"ours 1", first=True)
    SetupRecord(state).keep(FILE, b"ours 1", b"ours 2", first=False)
    record = SetupRecord(state)
    assert record.untouched(FILE, b"ours 2")
    assert not record.untouched(FILE, b"ours 1")
    assert record.before(FILE) == b"first"
    assert copies(state) == [b"first"]


def test_what_others_wrote_in_between_has_a_copy_and_is_never_taken_for_untouched(
    state: Path,
) -> None:
    record = SetupRecord(state)
    record.keep(FILE, b"first", b"ours 1", first=True)
    record.keep(FILE, b"theirs", b"ours 2", first=False)
    record.keep(FILE, b"ours 2", b"ours 3", first=False)
    assert not record.untouched(FILE, b"ours 2")
    assert record.before(FILE) == b"first"
    assert copies(state) == sorted([b"first", b"theirs", b"ours 2"])


def test_a_file_without_anything_of_ours_begins_anew(state: Path) -> None:
    record = SetupRecord(state)
    record.keep(FILE, b"first", b"ours 1", first=True)
    record.keep(FILE, b"second", b"ours 2", first=True)
    assert record.before(FILE) == b"second"
    assert record.untouched(FILE, b"ours 2")
    assert copies(state) == [b"first", b"second"]


def test_a_file_that_was_not_there_is_known_as_that(state: Path) -> None:
    record = SetupRecord(state)
    record.keep(FILE, None, b"ours", first=True)
    assert record.known(FILE)
    assert record.before(FILE) is None
    assert record.backup(FILE) is None


def test_what_is_restored_needs_no_copy_and_what_is_not_keeps_it(state: Path) -> None:
    record = SetupRecord(state)
    record.keep(FILE, b"first", b"ours", first=True)
    record.forget(FILE, restored=False)
    assert copies(state) == [b"first"]
    record.keep(FILE, b"second", b"ours", first=True)
    record.forget(FILE, restored=True)
    assert copies(state) == [b"first"]
    assert not SetupRecord(state).known(FILE)


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"x": 1}', b'{"x": {"backup": 1}}'])
def test_a_damaged_record_is_none(state: Path, damage: bytes) -> None:
    SetupRecord(state).keep(FILE, b"first", b"ours", first=True)
    (state / "setup" / "setup.json").write_bytes(damage)
    assert not SetupRecord(state).known(FILE)


def test_a_lost_copy_is_no_longer_known(state: Path) -> None:
    record = SetupRecord(state)
    record.keep(FILE, b"first", b"ours", first=True)
    for copy in (state / "setup").glob("config.toml.*"):
        copy.unlink()
    assert not record.known(FILE)


def test_a_state_that_comes_back_needs_no_second_copy(state: Path) -> None:
    record = SetupRecord(state)
    for _ in range(3):
        record.keep(FILE, b"first", b"ours", first=True)
    assert copies(state) == [b"first"]
    assert record.before(FILE) == b"first"


def test_a_file_is_the_same_under_each_of_its_names(state: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(FILE)
    SetupRecord(state).keep(link, b"first", b"ours", first=True)
    assert SetupRecord(state).before(FILE) == b"first"


def test_folders_that_were_made_for_a_file_go_with_it(state: Path, tmp_path: Path) -> None:
    file = tmp_path / "made" / "too" / "settings.json"
    record = SetupRecord(state)
    record.keep(file, None, b"ours", first=True)
    file.parent.mkdir(parents=True)
    record.keep(file, b"ours", b"ours 2", first=False)
    record.forget(file, restored=True)
    assert not (tmp_path / "made").exists()
    assert tmp_path.exists()


def test_a_copy_that_cannot_be_kept_is_told_with_the_remedy(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BadRequest, match=r"cannot be kept.*No space left.*whether there is room"):
        SetupRecord(state).keep(FILE, b"first", b"ours", first=True)
    assert list((state / "setup").iterdir()) == []


def test_who_is_alone_knows_what_others_have_noted(state: Path) -> None:
    late = SetupRecord(state)
    SetupRecord(state).keep(FILE, b"first", b"ours", first=True)
    with late.alone():
        assert late.before(FILE) == b"first"
