"""Starts a program in a terminal of its own, and then all that is around it."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from logging.handlers import RotatingFileHandler
from pathlib import Path

import anyio

from .inner import Inner
from .pty_session import PtySession, Wishes
from .terminal import Terminal
from .transport import client, endpoint
from .transport.errors import BadRequest
from .transport.regular_file import open_regular

_LOG_BYTES = 256 * 1024


def start(words: Sequence[str], wishes: Wishes, data_dir: Path) -> int:
    """Run ``words`` to its end and return its exit code.

    :raises BadRequest: the state folder or the log in it cannot be used
    """
    endpoint.make_private(data_dir)
    _log_to(data_dir / "pty.log")  # the screen belongs to the program
    terminal = Terminal()
    environment = {**os.environ, "SIGNALPOST_AGENT": wishes.agent}
    inner = Inner(words, environment, terminal.size())
    return anyio.run(_run, inner, terminal, wishes, data_dir)


async def _run(inner: Inner, terminal: Terminal, wishes: Wishes, data_dir: Path) -> int:
    def reach() -> AbstractAsyncContextManager[client.Client]:
        return client.connect(kind="door", data_dir=data_dir)

    return await PtySession(inner, terminal, wishes, reach).run()


def _log_to(path: Path) -> None:
    try:  # the handler would wait for whoever reads a pipe, and later: in the midst of a session
        os.close(open_regular(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT))
    except OSError as error:
        raise BadRequest(f"cannot write {path}: {error.strerror}. Move it away.") from error
    handler = RotatingFileHandler(path, maxBytes=_LOG_BYTES, backupCount=1)
    handler.setFormatter(logging.Formatter("%(asctime)s pty %(process)d: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
