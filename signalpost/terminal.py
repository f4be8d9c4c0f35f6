"""The person's terminal while another program has it: raw, and put back whatever happens."""

from __future__ import annotations

import contextlib
import os
import signal
import termios
import tty
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from types import FrameType
from typing import Any

_Handler = Callable[[int, FrameType | None], object] | signal.Handlers
ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
"""What asks a program to end."""


class Terminal:
    """Standard input and output of this process; no terminal is fine, too.

    ``reading`` and ``writing`` never block. A terminal is opened anew for that: the flag
    would else hold for the shell that has lent it, as well.
    """

    def __init__(self) -> None:
        self.is_terminal = os.isatty(0)
        self.reading = _opened(0, os.O_RDONLY)
        self.writing = _opened(1, os.O_WRONLY)
        self._before: list[Any] | None = None
        """How it was found, while it is raw."""
        self._is_to_end = False

    @property
    def is_raw(self) -> bool:
        return self._before is not None

    @contextmanager
    def raw(self) -> Generator[None]:
        """Let every key through as it is, for the life of a block."""
        self.take()
        try:
            yield
        finally:
            self.give_back()

    def take(self) -> None:
        """Make it raw, once it is our turn at it; till then be suspended, as who reads is."""
        if not self.is_terminal:
            return
        while not (self._is_to_end or _is_our_turn()) and self._is_stopped_by(signal.SIGTTIN):
            pass
        with contextlib.suppress(termios.error):  # it may be gone
            if _is_our_turn():
                self._is_to_end = False
                self._before = self._before or termios.tcgetattr(0)
                tty.setraw(0, termios.TCSADRAIN)

    def give_back(self) -> None:
        """Put it back as it was found."""
        if self._before is not None:
            with _in_background(), contextlib.suppress(termios.error):  # it may be gone
                termios.tcsetattr(0, termios.TCSADRAIN, self._before)
            self._before = None

    def stop(self, number: int) -> None:
        """Be suspended as the program was by ``number``, and go on where somebody says so."""
        self.give_back()
        self._is_to_end = False
        self._is_stopped_by(signal.SIGSTOP if number == signal.SIGSTOP else signal.SIGTSTP)
        self.take()

    def ends(self) -> None:
        """Somebody has asked for our end: that is not to wait for a turn."""
        self._is_to_end = True

    def size(self) -> tuple[int, int]:
        """Return lines and columns."""
        for descriptor in (0, 1, 2):
            with contextlib.suppress(OSError):
                columns, lines = os.get_terminal_size(descriptor)
                return lines, columns
        return 24, 80

    def _is_stopped_by(self, number: signal.Signals) -> bool:
        """Return when we go on: True; False where nobody could say so: there nothing is suspended.

        With all that a person's Ctrl-Z would suspend; else their shell would wait for the rest.
        """
        went_on: list[int] = []
        with ExitStack() as handled:
            handled.enter_context(_handled(signal.SIGTSTP, signal.SIG_DFL))
            handled.enter_context(_handled(signal.SIGCONT, lambda each, _: went_on.append(each)))
            for each in ENDING:  # who listens in the event loop hears of them later, besides
                handled.enter_context(_handled(each, lambda _number, _frame: self.ends()))
            if number == signal.SIGSTOP:
                os.kill(os.getpid(), number)
            else:
                os.killpg(0, number)
        return bool(went_on)


def _opened(descriptor: int, mode: int) -> int:
    """Return a descriptor of the same file that does not block, if it can be had."""
    if os.isatty(descriptor):
        with contextlib.suppress(OSError):
            flags = mode | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
            return os.open(os.ttyname(descriptor), flags)
    return descriptor


def _is_our_turn() -> bool:
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:  # not the terminal of our session: it knows no turns
        return True


def _in_background() -> AbstractContextManager[None]:
    """Change a terminal also when it is another's turn at it."""
    return _handled(signal.SIGTTOU, signal.SIG_IGN)


@contextmanager
def _handled(number: signal.Signals, how: _Handler) -> Generator[None]:
    before = signal.signal(number, how)
    try:
        yield
    finally:
        signal.signal(number, before)
