from __future__ import annotations

import os
from pathlib import Path

import pytest

from signalpost.hook_gate import Marks
from signalpost.hook_marks import MarksTaken, marks_of
from signalpost.transport.errors import BadRequest


def test_marks_are_kept_for_each_agent(folder: Path) -> None:
    with marks_of(folder, "alice") as file:
        assert file.marks == Marks()
        file.advance(Marks(noticed=1_764_121_000_123, task=8))
    with marks_of(folder, "alice") as file:
        assert file.marks == Marks(noticed=1_764_121_000_123, task=8)
    with marks_of(folder, "bob") as file:
        assert file.marks == Marks()


def test_marks_never_go_back(folder: Path) -> None:
    with marks_of(folder, "alice") as file:
        file.advance(Marks(noticed=7, held=5))
        file.advance(Marks(noticed=6, task=1))
        assert file.marks == Marks(7, 5, 1)
    with marks_of(folder, "alice") as file:
        assert file.marks == Marks(7, 5, 1)


def test_two_hooks_of_one_agent_do_not_decide_at_once(folder: Path) -> None:
    with marks_of(folder, "alice"):
        with pytest.raises(MarksTaken), marks_of(folder, "alice"):
            pass
        with marks_of(folder, "bob") as file:
            assert file.marks == Marks()


@pytest.mark.parametrize("damage", [b"", b"x" * 63, b"1\n2\n3\n", b"\xff" * 63])
def test_a_damaged_file_counts_as_never_told(folder: Path, damage: bytes) -> None:
    with marks_of(folder, "alice") as file:
        file.advance(Marks(1, 2, 3))
    (path,) = (folder / "hooks").iterdir()
    path.write_bytes(damage)
    with marks_of(folder, "alice") as file:
        assert file.marks == Marks()
        file.advance(Marks(1, 2, 3))
    with marks_of(folder, "alice") as file:
        assert file.marks == Marks(1, 2, 3)


def test_what_is_no_file_is_named_with_the_remedy(folder: Path) -> None:
    with marks_of(folder, "alice"):
        (place,) = (folder / "hooks").iterdir()
    place.unlink()
    os.mkfifo(place)
    with pytest.raises(BadRequest, match="a named pipe, not a file"):
        marks_of(folder, "alice").__enter__()


def test_the_folder_is_private_or_not_used(folder: Path) -> None:
    with marks_of(folder, "../../alice\ud800"):
        assert (folder / "hooks").stat().st_mode & 0o777 == 0o700
    (folder / "hooks").chmod(0o755)
    with pytest.raises(BadRequest), marks_of(folder, "alice"):
        pass
