"""Programs that run inside ``signalpost pty``, by name. They end when they are told to."""

from __future__ import annotations

import os
import signal
import sys
import termios
import time
import tty
from contextlib import suppress


def lines() -> int:
    """A line editor: shows every line that was sent, as it came."""
    os.write(1, b"ready")
    while (line := sys.stdin.readline().rstrip("\n")) != "end":
        os.write(1, f"line={line!r}=".encode())
    return 7


def raw() -> int:
    """Gives every byte back, twice, until it has had a NUL."""
    tty.setraw(0)
    os.write(1, b"ready")
    while True:
        data = os.read(0, 4096)
        os.write(1, data * 2)
        if b"\0" in data:
            return 0


def full_screen() -> int:
    """Takes the whole screen, knows pastes, shows what came between them."""
    tty.setraw(0)
    os.write(1, b"\x1b[?1049h\x1b[2J\x1b[?2004hready")
    got = b""
    while not got.endswith(b"\r"):
        got += os.read(0, 4096)
    os.write(1, b"\x1b[?2004l\x1b[?1049l" + repr(got).encode() + b"=")
    return 0


def busy() -> int:
    """Shows something all the time, until a fifo is opened; then reads a line."""
    gate = os.open(sys.argv[2], os.O_RDONLY | os.O_NONBLOCK)
    attributes = termios.tcgetattr(0)
    attributes[3] &= ~termios.ECHO
    termios.tcsetattr(0, termios.TCSANOW, attributes)
    while True:
        os.write(1, b"tick\r\n")
        with suppress(BlockingIOError):
            if os.read(gate, 1):
                break
        time.sleep(0.02)
    os.write(1, b"quiet\r\n")
    os.write(1, f"line={sys.stdin.readline()!r}=".encode())
    return 0


def sizes() -> int:
    """Shows its size at the start and whenever it changes."""

    def show(*_: object) -> None:
        os.write(1, "size={}x{}=\r\n".format(*os.get_terminal_size(0)).encode())

    signal.signal(signal.SIGWINCH, show)
    show()
    sys.stdin.readline()
    return 0


def suspends() -> int:
    """Takes the keys as they are, and suspends itself at Ctrl-Z once it has put all back."""
    before = termios.tcgetattr(0)

    def stop(*_: object) -> None:
        termios.tcsetattr(0, termios.TCSADRAIN, before)
        os.write(1, b"left=")
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.killpg(0, signal.SIGTSTP)
        enter()

    def enter() -> None:
        signal.signal(signal.SIGTSTP, stop)
        tty.setraw(0)
        os.write(1, b"entered=")

    enter()
    while (key := os.read(0, 1)) != b"q":
        if key == b"\x1a":
            os.kill(os.getpid(), signal.SIGTSTP)
        else:
            os.write(1, b"key=" + key)
    termios.tcsetattr(0, termios.TCSADRAIN, before)
    return 5


if __name__ == "__main__":
    PROGRAMS = (lines, raw, full_screen, busy, sizes, suspends)
    sys.exit({program.__name__: program for program in PROGRAMS}[sys.argv[1]]())
