from __future__ import annotations

import os
from pathlib import Path

import pytest

from signalpost.config_file import ConfigFile
from signalpost.transport.errors import BadRequest


def test_a_missing_file_is_none_and_is_made_for_this_user_alone(tmp_path: Path) -> None:
    file = ConfigFile(tmp_path / "new" / "settings.json")
    assert file.read() is None
    file.write(b"{}", None)
    assert file.read() == b"{}"
    assert file.path.stat().st_mode & 0o777 == 0o600


def test_a_file_is_replaced_whole_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(b"old")
    path.chmod(0o644)
    number = path.stat().st_ino
    ConfigFile(path).write(b"new", b"old")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o644
    assert path.stat().st_ino != number
    assert list(tmp_path.iterdir()) == [path]


def test_through_links_the_file_that_is_meant_is_written(tmp_path: Path) -> None:
    real, link, linked = tmp_path / "real", tmp_path / "link", tmp_path / "linked"
    link.symlink_to(linked)
    linked.symlink_to(real)
    ConfigFile(link).write(b"new", None)
    assert real.read_bytes() == b"new"
    assert link.is_symlink()
    assert linked.is_symlink()


def test_a_file_that_has_changed_is_left(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(b"theirs")
    with pytest.raises(BadRequest, match="changed meanwhile"):
        ConfigFile(path).write(b"new", b"old")
    with pytest.raises(BadRequest, match="changed meanwhile"):
        ConfigFile(path).write(b"new", None)
    assert path.read_bytes() == b"theirs"


def test_what_is_read_only_is_left_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(b"old")
    path.chmod(0o400)
    with pytest.raises(BadRequest, match="chmod u\\+w"):
        ConfigFile(path).write(b"new", b"old")
    assert path.read_bytes() == b"old"


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(b"old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BadRequest, match="No space left"):
        ConfigFile(path).write(b"new", b"old")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_can_be_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(b"ours")
    ConfigFile(path).write(None, b"ours")
    assert not path.exists()
