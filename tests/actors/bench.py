"""One folder in which commands are run as tasks, one after the other."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from signalpost.actors.job import Job, Outcome
from signalpost.actors.launcher import Launcher
from tests.actors.jobs import job_in
from tests.actors.runs import outcome_of

_HEADER = "COMMAND: x\n--- OUTPUT ---\n"


class Bench:
    """Runs commands as tasks in one folder."""

    def __init__(self, folder: Path, launcher: Launcher) -> None:
        self.folder = folder
        self.launcher = launcher
        self.count = 0

    def job(self, command: str, **fields: object) -> Job:
        self.count += 1
        defaults: dict[str, object] = {
            "log_header": _HEADER,
            "cookie": f"cookie-{os.getpid()}-{self.count}",
        }
        return job_in(self.folder, command, self.count, **(defaults | fields))

    async def run(self, command: str, **fields: object) -> Outcome:
        return await outcome_of(self.launcher, self.job(command, **fields))

    def log(self) -> bytes:
        return (self.folder / f"task_{self.count}.log").read_bytes()

    def output(self) -> bytes:
        body = self.log().removeprefix(_HEADER.encode())
        return body.rpartition(b"\n--- SUMMARY ---\n")[0]

    def pids(self) -> list[int]:
        """Return the pids that a command has written into the file ``pids``."""
        return [int(word) for word in (self.folder / "pids").read_text().split()]


def python(source: str) -> str:
    """Return a command that runs Python source."""
    return f"{shlex.quote(sys.executable)} -I -S -c {shlex.quote(source)}"
