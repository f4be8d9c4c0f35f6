"""The one line that tells a person at a terminal what the command waits for."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import TextIO

from .transport.safe_text import one_line

_CLEAR = "\r\x1b[K"


class StatusLine:
    """One line, rewritten in place on a terminal and gone when the command starts.

    Shown by the event loop, ended by the thread that copies the output: hence the lock.

    :param columns: tells the width of the terminal
    """

    def __init__(
        self, terminal: TextIO, *, enabled: bool, columns: Callable[[], int] = lambda: 80
    ) -> None:
        self._terminal = terminal
        self._columns = columns
        self._enabled = enabled
        self._shown = False
        self._lock = threading.Lock()

    def show(self, text: str) -> None:
        """Replace the line by ``text``; too long a text is cut."""
        with self._lock:
            if self._enabled:
                self._write(_CLEAR + one_line(text, self._columns() - 1))
                self._shown = True

    def clear(self) -> None:
        """Take the line away until it is shown again."""
        with self._lock:
            if self._shown:
                self._write(_CLEAR)
                self._shown = False

    def end(self) -> None:
        """Take the line away for good."""
        self.clear()
        self._enabled = False

    def _write(self, text: str) -> None:
        # The line is a courtesy: a terminal that is gone must not fail the task.
        with contextlib.suppress(OSError):
            self._terminal.write(text)
            self._terminal.flush()
