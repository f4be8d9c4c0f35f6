"""A real terminal, with the command line on its other side."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Generator

from tests.system.home import SECONDS, Home

BASH = "/bin/bash"
_WITH_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    " os.execv(sys.argv[1], sys.argv[1:])"
)


class Terminal:
    """The other side of a process's terminal."""

    def __init__(self, home: Home, words: list[str]) -> None:
        self._master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (24, 200))
        self.seen = b""
        self.process = subprocess.Popen(
            [sys.executable, "-c", _WITH_TERMINAL, *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=home.environment,
            cwd=home.folder,
            start_new_session=True,
        )
        os.close(slave)
        home.started.append(self.process)

    def until(self, text: bytes, *, after: int = 0) -> bytes:
        """Return all that was shown once ``text`` is among it, behind ``after`` bytes."""
        deadline = time.monotonic() + SECONDS
        while text not in self.seen[after:] and time.monotonic() < deadline and self._read():
            pass
        assert text in self.seen[after:], self.seen
        return self.seen

    def ask(self, text: bytes, answer: bytes) -> bytes:
        """Type a line or a key, and return what is shown from then to ``answer``."""
        before = len(self.seen)
        self.type(text)
        return self.until(answer, after=before)[before:]

    def type(self, text: bytes) -> None:
        os.write(self._master, text)

    def end(self) -> int:
        """Return the exit code."""
        while self._read():
            pass
        return self.process.wait(SECONDS)

    def close(self) -> None:
        os.close(self._master)

    def resize(self, lines: int, columns: int) -> None:
        termios.tcsetwinsize(self._master, (lines, columns))

    def foreground(self) -> int:
        """Return the group of processes whose turn at it is."""
        return os.tcgetpgrp(self._master)

    def attributes(self) -> list[object]:
        return termios.tcgetattr(self._master)

    def _read(self) -> bytes:
        ready, _, _ = select.select([self._master], [], [], SECONDS)
        assert ready, self.seen
        try:
            data = os.read(self._master, 65536)
        except OSError:  # so Linux tells that the other side is closed
            return b""
        self.seen += data
        return data


@contextlib.contextmanager
def terminal(home: Home, *words: str) -> Generator[Terminal]:
    """``signalpost`` itself, with nothing above it that could go on when it is suspended."""
    opened = Terminal(home, home.words(*words))
    yield opened
    opened.close()


@contextlib.contextmanager
def shell(home: Home) -> Generator[Terminal]:
    """A person's shell, with job control."""
    opened = Terminal(home, [BASH, "--norc", "--noediting", "-i"])
    opened.type(b"bind 2>/dev/null; set +H; PS1='ask''> '\r")
    opened.until(b"ask> ")
    yield opened
    opened.close()
