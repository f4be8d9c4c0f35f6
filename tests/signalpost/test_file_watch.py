from __future__ import annotations

import contextlib
import threading
from pathlib import Path

import pytest

from signalpost.file_watch import FileWatch


def test_a_change_before_the_wait_is_not_missed(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with contextlib.closing(FileWatch(path)) as watch:
        path.write_text("1")
        watch.wait()


@pytest.mark.parametrize("change", ["append", "rename", "create"])
def test_every_kind_of_change_ends_the_wait(tmp_path: Path, change: str) -> None:
    path, other = tmp_path / "log", tmp_path / "other"
    other.write_text("2")
    if change != "create":
        path.write_text("1")
    woken = threading.Event()
    with contextlib.closing(FileWatch(path)) as watch:

        def wait() -> None:
            watch.wait()
            woken.set()

        thread = threading.Thread(target=wait, daemon=True)
        thread.start()
        assert not woken.is_set()
        match change:
            case "append":
                with path.open("a") as file:
                    file.write("more")
            case "rename":
                other.replace(path)
            case _:
                path.touch()
        assert woken.wait(5)
        thread.join(5)


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FileWatch(tmp_path / "nowhere" / "log")
