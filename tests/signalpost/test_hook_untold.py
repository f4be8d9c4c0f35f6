from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from signalpost import hook_untold


def test_a_session_is_told_once(tmp_path: Path) -> None:
    hook_untold.note(tmp_path, "one")
    hook_untold.note(tmp_path, "two")
    hook_untold.note(tmp_path, "one")
    assert [hook_untold.strike(tmp_path, name) for name in ("one", "one", "two", "three")] == [
        True,
        False,
        True,
        False,
    ]
    assert (tmp_path / "hooks" / "untold").read_bytes() == b""


def test_the_first_session_of_all_is_told_too(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "signalpost"
    hook_untold.note(folder, "one")
    assert hook_untold.strike(folder, "one")


def test_where_nobody_was_noted_nobody_is_told_and_nothing_is_made(tmp_path: Path) -> None:
    assert not hook_untold.strike(tmp_path, "one")
    assert list(tmp_path.iterdir()) == []


def test_the_newest_sessions_are_kept_whatever_their_ids_are_made_of(tmp_path: Path) -> None:
    names = [f"ordinary {number}" for number in range(40)] + ["\n\0é\udcff/../" * 100]
    for name in names:
        hook_untold.note(tmp_path, name)
    assert (tmp_path / "hooks" / "untold").stat().st_size <= 32 * 65
    told = [name for name in names if hook_untold.strike(tmp_path, name)]
    assert told == names[-32:]


def test_while_another_hook_is_at_it_nobody_is_told(tmp_path: Path) -> None:
    hook_untold.note(tmp_path, "one")
    with (tmp_path / "hooks" / "untold").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert not hook_untold.strike(tmp_path, "one")
        with pytest.raises(BlockingIOError):
            hook_untold.note(tmp_path, "two")
    assert hook_untold.strike(tmp_path, "one")


@pytest.mark.parametrize("content", [b"\xff\xfe", b"6f6e65", b"6f6e65\n" * 1000])
def test_a_damaged_file_harms_nobody(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "hooks").mkdir(mode=0o700)
    (tmp_path / "hooks" / "untold").write_bytes(content)
    hook_untold.strike(tmp_path, "one")
    hook_untold.note(tmp_path, "two")
    assert hook_untold.strike(tmp_path, "two")


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "hooks").mkdir(mode=0o700)
    target = tmp_path / "target"
    target.touch()
    (tmp_path / "hooks" / "untold").symlink_to(target)
    with pytest.raises(OSError, match="symbolic"):
        hook_untold.note(tmp_path, "one")
    assert target.read_bytes() == b""
