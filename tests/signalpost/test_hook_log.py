from __future__ import annotations

import os
from pathlib import Path

from signalpost.hook_log import MAX_LOG, log_path, note


def test_a_line_tells_when_who_and_why(tmp_path: Path) -> None:
    note(tmp_path, "prompt codex", "no broker runs.")
    (line,) = log_path(tmp_path).read_text().splitlines()
    assert line[10] == "T"
    assert line.endswith("Z prompt codex: no broker runs.")
    assert log_path(tmp_path).stat().st_mode & 0o777 == 0o600


def test_a_line_is_one_printable_line_of_bounded_length(tmp_path: Path) -> None:
    note(tmp_path, "stop codex", "a\nb\x1b[31m" + "x" * 5000)
    text = log_path(tmp_path).read_text()
    assert text.count("\n") == 1
    assert len(text) <= 301
    assert "\x1b" not in text


def test_it_stays_small_and_keeps_one_older(tmp_path: Path) -> None:
    for _ in range(2):
        log_path(tmp_path).write_text("x" * (MAX_LOG + 1))
        note(tmp_path, "stop codex", "new")
    assert log_path(tmp_path).stat().st_size < 100
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hook.log", "hook.log.1"]


def test_where_it_cannot_be_written_nothing_happens(tmp_path: Path) -> None:
    note(tmp_path / "gone", "stop codex", "x")
    assert not (tmp_path / "gone").exists()
    os.mkfifo(log_path(tmp_path))
    note(tmp_path, "stop codex", "x")
    log_path(tmp_path).unlink()
    log_path(tmp_path).symlink_to(tmp_path / "elsewhere")
    note(tmp_path, "stop codex", "x")
    assert not (tmp_path / "elsewhere").exists()
