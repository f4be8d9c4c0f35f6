"""Being told when nobody is left for whom a command waits. Nothing polls."""

from __future__ import annotations

import os
import stat
import sys

import anyio

from .transport.lifeline import Lifeline

STDOUT = 1


async def nobody_left() -> None:
    """Return when the parent process has ended, or nobody reads standard output any more.

    Where neither can be known, wait for ever.
    """
    gone = anyio.Event()
    parent = os.getppid()
    line = Lifeline(parent if parent > 1 else 0, gone.set)
    try:
        async with anyio.create_task_group() as tasks:
            if _is_pipe(STDOUT):
                tasks.start_soon(_reader_left, gone)
            if parent > 1 and os.getppid() != parent:  # it ended before it was watched
                gone.set()
            await gone.wait()
            tasks.cancel_scope.cancel()
    finally:
        line.close()


def _is_pipe(descriptor: int) -> bool:
    # Of a terminal, a file or a socket, being readable says something else.
    try:
        return sys.platform == "linux" and stat.S_ISFIFO(os.fstat(descriptor).st_mode)
    except OSError:
        return False


async def _reader_left(gone: anyio.Event) -> None:
    """The end of a pipe that is written to is readable only once the other end is closed."""
    await anyio.wait_readable(STDOUT)
    gone.set()
