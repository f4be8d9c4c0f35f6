"""The command line in a state folder of its own, as a person uses it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

SECONDS = 20
"""How long anything may take before the test gives up."""

Done = subprocess.CompletedProcess[bytes]
Process = subprocess.Popen[bytes]


class Home:
    """A state folder of its own, and everything that was started there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.environment = {**os.environ, "SIGNALPOST_DATA_DIR": str(self.state), "TERM": "xterm"}
        self.environment["HOME"] = str(folder / "home")  # nobody's clients are looked at
        self.environment.pop("SIGNALPOST_TASK", None)
        self.started: list[Process] = []

    def run(self, *words: str, given: bytes | None = None) -> Done:
        """Run ``signalpost`` to its end."""
        return subprocess.run(
            self.words(*words),
            input=given,
            capture_output=True,
            env=self.environment,
            cwd=self.folder,
            timeout=SECONDS,
            check=False,
        )

    def start(self, *words: str) -> Process:
        """Start ``signalpost`` with its output in pipes."""
        process = subprocess.Popen(
            self.words(*words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment,
            cwd=self.folder,
        )
        self.started.append(process)
        return process

    def words(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "signalpost", *words]

    def tasks(self) -> dict[str, dict[str, Any]]:
        """Return the tasks by command, as ``list --json`` shows them."""
        listing = json.loads(self.run("list", "--json").stdout)
        return {task["command"]: task for task in listing["tasks"]}

    def fifo(self, name: str) -> Path:
        path = self.folder / name
        os.mkfifo(path)
        return path

    def broker_pid(self) -> int:
        return int(json.loads((self.state / "run" / "broker.json").read_bytes())["pid"])

    def close(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.communicate()
        self.run("stop", "--force")


def line_of(process: Process) -> bytes:
    assert process.stdout is not None
    return process.stdout.readline()
