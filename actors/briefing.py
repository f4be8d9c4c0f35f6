"""What a shim is told of a task: the caller's world, the limits, and where things go."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from . import output, recovery
from .job import Job
from .settings import Settings
from .task import Task

HEAD_BYTES = 8 * 1024 * 1024
TAIL_BYTES = 8 * 1024 * 1024


class Briefing:
    """Makes jobs of tasks. ``cookie`` gives the value of ``SIGNALPOST_TASK``."""

    def __init__(
        self, data_dir: Path, run_dir: Path, settings: Settings, cookie: Callable[[int], str]
    ) -> None:
        self._data_dir = data_dir
        self._run_dir = run_dir
        self._settings = settings
        self._cookie = cookie

    def job_of(self, task: Task) -> Job:
        """Return the job of a task whose caller is here."""
        request = task.request
        assert request is not None  # noqa: S101 - a task starts only with its caller there
        environment = {_text(k): _text(v) for k, v in request.environment.items()}
        environment |= request.env_vars
        # So that a `signalpost` inside the command finds this broker and no other.
        environment["SIGNALPOST_DATA_DIR"] = str(self._data_dir)
        return Job(
            task_id=task.id,
            command=task.command,
            working_directory=task.working_directory,
            environment=environment,
            umask=request.umask,
            limits=request.limits,
            nice=request.nice,
            timeout_seconds=request.timeout_seconds,
            grace_seconds=self._settings.grace,
            log=task.output,
            log_header=header_of(task),
            head_bytes=HEAD_BYTES,
            tail_bytes=TAIL_BYTES,
            running_record=str(recovery.running_record(self._run_dir, task.id)),
            exit_record=str(recovery.exit_record(self._run_dir, task.id)),
            cookie=self._cookie(task.id),
            stream=request.stream,
            outlives=request.on_disconnect == "finish",
        )


def header_of(task: Task) -> str:
    """Return the top of a task's log, which tells when its turn came."""
    started = task.started or task.created
    return output.header(task.command, task.working_directory, task.queue_name, started.wall)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
