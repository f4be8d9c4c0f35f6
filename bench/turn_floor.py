"""``python -m bench.turn_floor COMMAND…``: turns in this interpreter, and nothing else.

One process for each command, which all wait before the first begins: each spawns
its shell, reaps what falls to it until nothing is left, and tells the next one
through a pipe. No broker, no cancel, no log, no record, no time limit: what that
costs, any queue of this make costs that spawns its commands when their turn comes.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

from signalpost.actors.shim_tree import become_subreaper


def main(commands: Sequence[str]) -> None:
    """Run one after the other."""
    gc.freeze()
    turn, begin = os.pipe()
    for command in commands:
        following, over = os.pipe()
        if os.fork() == 0:
            _serve(turn, command, over)
        turn = following
    os.write(begin, b"g")
    os.read(turn, 1)
    for _ in commands:
        os.wait()


def _serve(turn: int, command: str, over: int) -> None:
    become_subreaper()
    os.read(turn, 1)
    os.posix_spawn("/bin/sh", ["sh", "-c", command], os.environ, setsid=True)
    try:
        while True:
            os.wait()
    except ChildProcessError:  # nothing of it lives
        os.write(over, b"g")
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
