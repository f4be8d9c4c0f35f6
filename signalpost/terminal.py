"""The person's terminal while another program has it: raw, and put back whatever happens."""

from __future__ import annotations

import contextlib
import os
import signal
import termios
import tty
from collections.abc import Generator
from contextlib import contextmanager


class Terminal:
    """Standard input and output of this process; no terminal is fine, too.

    ``reading`` and ``writing`` never block. A terminal is opened anew for that: the flag
    would else hold for the shell that has lent it, as well.
    """

    def __init__(self) -> None:
        self.is_terminal = os.isatty(0)
        self.reading = _opened(0, os.O_RDONLY)
        self.writing = _opened(1, os.O_WRONLY)
        self._before = termios.tcgetattr(0) if self.is_terminal else None

    @contextmanager
    def raw(self) -> Generator[None]:
        """Let every key through as it is, for the life of a block."""
        self.take()
        try:
            yield
        finally:
            self.give_back()

    def take(self) -> None:
        """Make it raw."""
        if self._before is not None:
            with _in_background(), contextlib.suppress(termios.error):  # it may be gone
                tty.setraw(0, termios.TCSADRAIN)

    def give_back(self) -> None:
        """Put it back as it was found."""
        if self._before is not None:
            with _in_background(), contextlib.suppress(termios.error):  # it may be gone
                termios.tcsetattr(0, termios.TCSADRAIN, self._before)

    def size(self) -> tuple[int, int]:
        """Return lines and columns."""
        for descriptor in (0, 1, 2):
            with contextlib.suppress(OSError):
                columns, lines = os.get_terminal_size(descriptor)
                return lines, columns
        return 24, 80


def _opened(descriptor: int, mode: int) -> int:
    """Return a descriptor of the same file that does not block, if it can be had."""
    if os.isatty(descriptor):
        with contextlib.suppress(OSError):
            flags = mode | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
            return os.open(os.ttyname(descriptor), flags)
    return descriptor


@contextmanager
def _in_background() -> Generator[None]:
    """Change a terminal also when it is another's turn at it: after a stop, it often is."""
    before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGTTOU, before)
