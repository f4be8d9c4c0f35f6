"""Starts an MCP server as a client would, hears what it calls itself, and ends it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from typing import IO

from .client_checks import Greeting
from .transport.safe_text import one_line
from .transport.version import software

SECONDS = 20.0
_END_SECONDS = 2.0
_SHOWN = 200
_MOST_BYTES = 1 << 20
_INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "signalpost-doctor", "version": software()},
    },
}


def greet(words: Sequence[str], environment: Mapping[str, str], limit: float = SECONDS) -> Greeting:
    """Return what the server that ``words`` start calls its version; nothing of it lives after."""
    with tempfile.TemporaryFile() as complaints:
        try:
            server = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                env=dict(environment),
                start_new_session=True,
            )
        except OSError as error:
            return Greeting(problem=f"cannot be started: {error.strerror}")
        except ValueError as error:  # a NUL, or half of a surrogate pair
            return Greeting(problem=f"cannot be started: {error}")
        try:
            answer = _ask(server, time.monotonic() + limit)
        except TimeoutError:
            return Greeting(problem=f"no answer within {limit:g} s")
        finally:
            _end(server)
        return _heard(answer) or Greeting(problem=_last_words(complaints, server.returncode))


def _ask(server: subprocess.Popen[bytes], deadline: float) -> bytes:
    """Return the first line that it says, or what there is of one.

    :raises TimeoutError: the deadline came first
    """
    assert server.stdin is not None  # noqa: S101  # they were asked for
    assert server.stdout is not None  # noqa: S101
    with contextlib.suppress(OSError):  # it has ended: what it said tells
        server.stdin.write(json.dumps(_INITIALIZE).encode() + b"\n")
        server.stdin.flush()
    said = b""
    while b"\n" not in said and len(said) < _MOST_BYTES:
        ready, _, _ = select.select([server.stdout], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError
        piece = os.read(server.stdout.fileno(), 65536)
        if not piece:
            break
        said += piece
    return said.partition(b"\n")[0]


def _heard(answer: bytes) -> Greeting | None:
    try:
        return Greeting(version=str(json.loads(answer)["result"]["serverInfo"]["version"]))
    except (ValueError, KeyError, TypeError):
        return None


def _end(server: subprocess.Popen[bytes]) -> None:
    for stream in (server.stdin, server.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.wait(_END_SECONDS)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(server.pid, signal.SIGKILL)
    server.wait()


def _last_words(complaints: IO[bytes], code: int) -> str:
    complaints.seek(0)
    lines = complaints.read(_MOST_BYTES).decode(errors="replace").strip().splitlines()
    said = f": {one_line(lines[-1], _SHOWN)}" if lines else ""
    return f"ended with {code} instead of an answer{said}"
