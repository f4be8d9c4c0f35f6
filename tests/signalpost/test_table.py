from __future__ import annotations

import pytest

from signalpost import table


def test_columns_are_aligned_and_the_last_is_ragged() -> None:
    rows = [("ID", "B"), ("100", "long"), ("1", "")]
    assert table.aligned(rows) == ["ID   B", "100  long", "1"]


def test_a_pipe_gets_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    table.show(("ID", "COMMAND"), [("1", "echo [red]x")], lambda _: "red")
    assert capsys.readouterr().out == "ID  COMMAND\n1   echo [red]x\n"


def test_a_terminal_gets_colours_and_no_markup(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    table.show(("ID", "COMMAND"), [("1", "echo [red]x")], lambda _: "red")
    shown = capsys.readouterr().out
    assert "\x1b[31m" in shown
    assert "echo [red]x" in shown
