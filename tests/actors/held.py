"""A real shim that is briefed by the test itself, and holds its command."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from signalpost.actors.job import Job
from tests.actors.direct import serve

_SECONDS = 20.0


class Held:
    """The shim, and the process that it holds."""

    def __init__(self, job: Job) -> None:
        self._broker, self.shim = serve(self._order("brief", **msgspec.to_builtins(job)))
        self._broker.settimeout(_SECONDS)
        self._lines = self._broker.makefile("rb")
        self.pid: int = self.event("held")["pid"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.leave()

    def event(self, name: str) -> dict[str, Any]:
        """Return the next thing of that name that the shim says."""
        while True:
            said: dict[str, Any] = json.loads(self._lines.readline())
            if said["event"] == name:
                return said

    def run(self) -> dict[str, Any]:
        """Give the word, and return what becomes of the command."""
        self._broker.sendall(self._order("run", log_header=""))
        return self.event("ended")

    def leave(self) -> None:
        """End the lifeline, and wait until the shim is dead."""
        if self._broker.fileno() >= 0:
            self._lines.close()
            self._broker.shutdown(socket.SHUT_RDWR)
            self._broker.close()
            os.waitpid(self.shim, 0)

    @property
    def state(self) -> str:
        """Of the held process; ``t``: stopped by its tracer; nothing: there is none."""
        try:
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return ""

    @staticmethod
    def _order(operation: str, **fields: object) -> bytes:
        return json.dumps({"op": operation, **fields}).encode() + b"\n"
