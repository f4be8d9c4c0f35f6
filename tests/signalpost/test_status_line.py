from __future__ import annotations

import io
import threading

from signalpost.status_line import StatusLine


def test_the_line_is_rewritten_in_place_and_taken_away() -> None:
    terminal = io.StringIO()
    line = StatusLine(terminal, enabled=True)
    line.show("one")
    line.show("two")
    line.clear()
    assert terminal.getvalue() == "\r\x1b[Kone\r\x1b[Ktwo\r\x1b[K"


def test_nothing_is_written_where_there_is_no_terminal() -> None:
    terminal = io.StringIO()
    line = StatusLine(terminal, enabled=False)
    line.show("one")
    line.end()
    assert terminal.getvalue() == ""


def test_a_line_that_was_never_shown_is_not_cleared() -> None:
    terminal = io.StringIO()
    StatusLine(terminal, enabled=True).end()
    assert terminal.getvalue() == ""


def test_after_its_end_the_line_never_comes_back() -> None:
    terminal = io.StringIO()
    line = StatusLine(terminal, enabled=True)
    line.show("one")
    line.end()
    written = terminal.getvalue()
    line.show("two")
    assert terminal.getvalue() == written


def test_the_line_fits_the_terminal() -> None:
    terminal = io.StringIO()
    StatusLine(terminal, enabled=True, columns=lambda: 20).show("x" * 100)
    assert terminal.getvalue() == "\r\x1b[K" + "x" * 18 + "…"


def test_a_terminal_that_is_gone_fails_nothing() -> None:
    class Gone(io.StringIO):
        def write(self, text: str, /) -> int:
            raise OSError(5, "Input/output error")

    StatusLine(Gone(), enabled=True).show("one")


def test_the_thread_of_the_output_may_end_it() -> None:
    terminal = io.StringIO()
    line = StatusLine(terminal, enabled=True)
    line.show("one")
    thread = threading.Thread(target=line.end)
    thread.start()
    thread.join(5)
    assert terminal.getvalue().endswith("\r\x1b[K")
