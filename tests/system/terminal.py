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

_WITH_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    " os.execv(sys.argv[1], sys.argv[1:])"
)


class Terminal:
    """The other side of a process's terminal."""

    def __init__(self, home: Home, *words: str) -> None:
        self._master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (24, 200))
        self.seen = b""
        self.process = subprocess.Popen(
            [sys.executable, "-c", _WITH_TERMINAL, *home.words(*words)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=home.environment,
            cwd=home.folder,
            start_new_session=True,
        )
        os.close(slave)
        home.started.append(self.process)

    def until(self, text: bytes) -> bytes:
        """Return all that was shown once ``text`` is among it."""
        deadline = time.monotonic() + SECONDS
        while text not in self.seen and time.monotonic() < deadline and self._read():
            pass
        assert text in self.seen, self.seen
        return self.seen

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
    opened = Terminal(home, *words)
    yield opened
    opened.close()
