from __future__ import annotations

import pytest

from signalpost import table
from signalpost.mail_text import DEAD_HEADINGS


def test_columns_are_aligned_and_the_last_is_ragged() -> None:
    rows = [("ID", "B"), ("100", "long"), ("1", "")]
    assert table.aligned(rows) == ["ID   B", "100  long", "1"]


def test_a_pipe_gets_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    table.show(("ID", "COMMAND"), [("1", "echo [red]x")], lambda _: "red")
    assert capsys.readouterr().out == "ID  COMMAND\n1   echo [red]x\n"


def test_a_closed_output_gets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", None)
    table.show(("ID", "COMMAND"), [("1", "make")], lambda _: "red")


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


@pytest.mark.parametrize("columns", ["40", "80"])
def test_an_id_can_be_copied_from_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: str
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", columns)
    message = (
        "2026-11-25 19:51:58",
        "f97ed4f27a36ecac",
        "a-long-name",
        "another-long-name",
        "task",
    )
    reason = "5 attempts failed; the last: the process of its receiver died"
    table.show(DEAD_HEADINGS, [(*message, reason, "the text of it, at some length")], lambda _: "")
    assert "f97ed4f27a36ecac" in capsys.readouterr().out
