"""Jobs for real shims, in a test's own folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from signalpost.actors.job import Job

NewJob = Callable[..., Job]


def job_in(folder: Path, command: str, task_id: int = 1, **fields: object) -> Job:
    """Return a job that runs and keeps its files in ``folder``, but for the fields given."""
    base = folder / f"task_{task_id}"
    defaults: dict[str, object] = {
        "task_id": task_id,
        "command": command,
        "working_directory": str(folder),
        "environment": {"PATH": os.environ["PATH"]},
        "umask": 0o022,
        "limits": {},
        "nice": 0,
        "timeout_seconds": 20.0,
        "grace_seconds": 5.0,
        "log": f"{base}.log",
        "log_header": "",
        "head_bytes": 1 << 20,
        "tail_bytes": 1 << 20,
        "running_record": f"{base}.running",
        "exit_record": f"{base}.exit",
        "cookie": f"{folder}:{task_id}",
        "stream": "",
    }
    return msgspec.convert(defaults | fields, Job)
