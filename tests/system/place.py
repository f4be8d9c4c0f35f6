"""A data dir of its own in /tmp, and everything that a test starts there."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import IO, Any, ParamSpec

import anyio
import anyio.to_thread
import psutil

import signalpost
from signalpost.transport import endpoint
from signalpost.transport.client import Client
from signalpost.transport.messages import TaskProgress, TaskReport
from signalpost.transport.process import start_time
from tests.system.fifo import Fifo
from tests.system.processes import Handles, bound_to, descendants

SECONDS = 20.0
"""How long any one thing may take before a test gives up."""

GRACE = 0.5
AFTER_DEATH_SECONDS = 2.0
"""How long a command may outlive its broker."""

P = ParamSpec("P")
SIGNALPOST = (sys.executable, "-m", "signalpost")


def within(
    seconds: float,
) -> Callable[[Callable[P, Awaitable[None]]], Callable[P, Awaitable[None]]]:
    """Bound a whole test."""

    def decorate(test: Callable[P, Awaitable[None]]) -> Callable[P, Awaitable[None]]:
        @functools.wraps(test)
        async def bounded(*args: P.args, **kwargs: P.kwargs) -> None:
            with anyio.fail_after(seconds):
                await test(*args, **kwargs)

        return bounded

    return decorate


class Heard:
    """Takes the progress of one call, and waits for news of it."""

    def __init__(self) -> None:
        self.all: list[TaskProgress] = []
        self._came = anyio.Event()

    def __call__(self, progress: TaskProgress) -> None:
        self.all.append(progress)
        self._came.set()

    async def until(self, wanted: Callable[[TaskReport], bool]) -> TaskReport:
        with anyio.fail_after(SECONDS):
            while not (self.all and wanted(self.all[-1].report)):
                self._came = anyio.Event()
                await self._came.wait()
        return self.all[-1].report

    async def accepted(self) -> int:
        """Return the task's id."""
        return (await self.until(lambda _: True)).task_id

    async def running(self) -> int:
        return (await self.until(lambda report: report.state == "running")).task_id

    async def waiting(self, position: int = 1) -> int:
        return (await self.until(lambda report: report.position == position)).task_id


class Place:
    """Where one test happens. ``options`` are given to the broker that is started here."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sp-", dir="/tmp"))
        self.state = self.folder / "state"
        self.options: tuple[str, ...] = ("--grace", str(GRACE))
        self._handles = Handles()
        self._started: list[subprocess.Popen[bytes]] = []
        self._fifos: list[Fifo] = []

    # ------------------------------------------------------------ what happens here

    def client(
        self,
        agent: str = "",
        *,
        start: bool = True,
        **identity: Any,  # noqa: ANN401 - handed on
    ) -> AbstractAsyncContextManager[Client]:
        """Open a client in this process, starting the broker if none runs."""
        return signalpost.connect(
            agent, data_dir=self.state, start=start, options=self.options, **identity
        )

    def environment(self, **more: str) -> dict[str, str]:
        """Return this process's environment with the data dir of this place."""
        return {**os.environ, "SIGNALPOST_DATA_DIR": str(self.state), **more}

    def start(self, *words: str, environment: Mapping[str, str] | None = None) -> Process:
        """Start a program with pipes at all its ends."""
        process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            env=self.environment() if environment is None else environment,
        )
        self._started.append(process)
        return process

    async def serve(self, *options: str, before: Sequence[str] = ()) -> Process:
        """Start a broker by hand and return when it serves. ``before`` is a command that starts it."""
        process = self.start(*before, *SIGNALPOST, "broker", *options)
        assert process.stderr is not None
        said = await anyio.to_thread.run_sync(process.stderr.readline, abandon_on_cancel=True)
        assert b"serving" in said
        return process

    async def run(self, *words: str, environment: Mapping[str, str] | None = None) -> Done:
        """Run a program to its end."""
        process = self.start(*words, environment=environment)
        out, err = await anyio.to_thread.run_sync(
            functools.partial(process.communicate, timeout=SECONDS), abandon_on_cancel=True
        )
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    async def task_id(self, command: str) -> int:
        """Return the id of the newest task with this command."""
        async with self.client(start=False) as client:
            return next(task.task_id for task in await client.tasks() if task.command == command)

    def fifo(self, name: str) -> Fifo:
        fifo = Fifo(self.folder / name)
        self._fifos.append(fifo)
        return fifo

    def broker(self) -> endpoint.Published:
        """Return what the broker has published."""
        published = endpoint.read_published(self.state)
        assert published is not None, "no broker has published itself"
        return published

    def broker_process(self) -> psutil.Process:
        """Return the broker's process, and never another one of that number."""
        published = self.broker()
        is_it = start_time(published.pid) == published.start_time
        assert is_it, "the broker is dead, or in another PID namespace"
        return psutil.Process(published.pid)

    def family(self) -> Handles:
        """Record the broker and all below it."""
        pid = self.broker_process().pid
        self._handles.record([pid, *descendants(pid)])
        return self._handles

    def stored(self, text: str) -> list[tuple[Any, ...]]:
        """Ask the store beside the broker."""
        uri = f"file:{self.state}/queue.db?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as store:
            return store.execute(text).fetchall()

    def broker_log(self) -> str:
        return (self.state / "broker.log").read_text()

    # ------------------------------------------------------------ the end

    def close(self) -> list[str]:
        """Kill what was started and say what should not have been there."""
        for process in self._started:
            self._handles.record([process.pid] if process.poll() is None else [])
        for pid in bound_to(self.folder):  # a broker among them, in whatever namespace it lives
            self._handles.record([pid, *descendants(pid)])
        self._handles.kill()
        wrong = [f"pid {pid} survived" for pid in self._handles.survivors(AFTER_DEATH_SECONDS)]
        for process in self._started:
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                _close(pipe)
        wrong += self._strays()
        for fifo in self._fifos:
            fifo.close()
        shutil.rmtree(self.folder)
        return wrong

    def _strays(self) -> list[str]:
        """Name and kill who is still here and not merely on its way out."""
        self._handles.close()
        found = {pid: _arguments(pid) for pid in bound_to(self.folder)}
        self._handles.record(found)
        left = self._handles.survivors(1.0)
        self._handles.kill()
        self._handles.close()
        return [f"pid {pid} is left: {found[pid]}" for pid in left]


Process = subprocess.Popen[bytes]
Done = subprocess.CompletedProcess[bytes]


def _close(pipe: IO[bytes] | None) -> None:
    with contextlib.suppress(BrokenPipeError):  # what it had not read is of no use now
        if pipe is not None:
            pipe.close()


def _arguments(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return "?"
