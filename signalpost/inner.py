"""A program in a terminal of its own, of which we have the other side."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import signal
import struct
import sys
import termios
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from . import exit_codes
from .holder import REPORT, hold


@dataclass(frozen=True, slots=True)
class Ended:
    """It is over; the code is that which a shell gives it."""

    code: int


class Inner:
    """One program. Make it before threads and sockets: it is forked from this process."""

    def __init__(
        self, words: Sequence[str], environment: Mapping[str, str], size: tuple[int, int]
    ) -> None:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # ignored, nobody learns of an end
        self.reports, theirs = os.pipe()
        """To be read from when the program has changed."""
        self._holder, self.terminal = pty.fork()
        if self._holder == 0:
            _set_size(0, size)  # before it asks
            hold(lambda: _become(words, environment), theirs)
        os.close(theirs)
        os.set_blocking(self.terminal, False)
        os.set_inheritable(self.terminal, False)
        self._program = self._report()
        os.set_blocking(self.reports, False)

    def resize(self, size: tuple[int, int]) -> None:
        """Tell it lines and columns; the kernel sends it SIGWINCH when they differ."""
        if self.terminal >= 0:
            _set_size(self.terminal, size)

    def hang_up(self) -> None:
        """Take its terminal away, as if the line had been cut: it reads an end, and gets SIGHUP."""
        os.close(self.terminal)
        self.terminal = -1

    def signal(self, number: int) -> None:
        """Send a signal to whatever it runs in the foreground, and to itself."""
        if self._program is None:
            return
        with contextlib.suppress(OSError):
            foreground = os.tcgetpgrp(self.terminal)
            if foreground not in (self._program, 0):
                os.killpg(foreground, number)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._program, number)

    def changed(self) -> Ended | int | None:
        """Return how it has ended, or the signal that has stopped it, or None."""
        try:
            status = self._report()
        except BlockingIOError:
            return None
        if status is not None and os.WIFSTOPPED(status):
            return os.WSTOPSIG(status)
        if status is None:  # killed by somebody: the program is not left without its terminal
            self.signal(signal.SIGHUP)
            self.signal(signal.SIGCONT)
        _, of_holder = os.waitpid(self._holder, 0)
        return _ended(of_holder if status is None else status)

    def _report(self) -> int | None:
        report = os.read(self.reports, REPORT.size)
        return REPORT.unpack(report)[0] if report else None


def _ended(status: int) -> Ended:
    code = os.waitstatus_to_exitcode(status)
    return Ended(code if code >= 0 else exit_codes.of_signal(-code))


def _become(words: Sequence[str], environment: Mapping[str, str]) -> NoReturn:
    for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTSTP, signal.SIGTTOU):
        signal.signal(number, signal.SIG_DFL)
    code = exit_codes.CANNOT_START
    try:
        os.execvpe(words[0], [*words], dict(environment))  # noqa: S606
    except FileNotFoundError:
        code = exit_codes.NOT_FOUND
        sys.stderr.write(f"signalpost: {words[0]}: no such program.\n")
    except OSError as error:
        sys.stderr.write(f"signalpost: {words[0]}: {error.strerror}\n")
    finally:
        sys.stderr.flush()
        os._exit(code)


def _set_size(descriptor: int, size: tuple[int, int]) -> None:
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
