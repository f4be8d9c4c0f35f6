"""A program in a terminal of its own, before it has come to anything: made by a process of its own."""

from __future__ import annotations

import subprocess
import sys

_SLOW_PROGRAM = """
import os, select, sys
from signalpost.inner import Inner

gate, go = os.pipe()
at_once = os.setpgid

def late(process, group):
    if process == 0:
        os.read(gate, 1)
    at_once(process, group)

os.setpgid = late
inner = Inner(["/bin/cat"], {}, (24, 80))
os.write(inner.terminal, sys.argv[1].encode())
if not select.select([inner.reports], [], [], 5)[0]:
    os.write(go, b"x")
    inner.hang_up()
    select.select([inner.reports], [], [])
print(inner.changed())
"""


def _becomes(key: str) -> str:
    """Return what becomes of a program at a key that is struck before its first step is done."""
    done = subprocess.run(
        [sys.executable, "-c", _SLOW_PROGRAM, key], capture_output=True, check=True
    )
    return done.stdout.decode().strip()


def test_a_key_that_interrupts_is_for_the_program_from_the_first_moment_on() -> None:
    assert _becomes("\x03") == "Ended(code=130)"


def test_a_key_that_suspends_is_for_the_program_from_the_first_moment_on() -> None:
    assert _becomes("\x1a") == "20"
