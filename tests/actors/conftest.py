from __future__ import annotations

import ctypes
import functools
import itertools
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest

from signalpost.actors.launcher import Launcher, become_subreaper
from signalpost.actors.moment import Moment
from signalpost.actors.queue import Queue
from signalpost.actors.task import Call, Task
from signalpost.transport.messages import RunTask
from tests.actors.beat import Beat
from tests.actors.bench import Bench
from tests.actors.jobs import NewJob, job_in
from tests.actors.queue_words import NewCall, NewTask, at

_PR_SET_CHILD_SUBREAPER = 36
_numbers = itertools.count(1)


@pytest.fixture
def new_task() -> NewTask:
    """An accepted task of agent alice, but for the fields given."""

    def make(id: int = 0, **fields: object) -> Task:  # noqa: A002 - the field's name
        task = Task(
            id=id,
            request_id=next(_numbers).to_bytes(16),
            queue_name="global",
            command="make",
            working_directory="/src",
            owner="alice",
            principal="agent:alice",
            session=b"s",
            requester_pid=77,
            created=Moment(0.0, 1000.0),
            output="",
            request=RunTask(command="make", working_directory="/src"),
        )
        for name, value in fields.items():
            assert hasattr(task, name)
            setattr(task, name, value)
        return task

    return make


@pytest.fixture
def new_call() -> NewCall:
    """A call that asks for a run, but for the fields given."""

    def make(session: bytes = b"s", *, runs: bool = True, **fields: object) -> Call:
        call = Call(correlation=next(_numbers).to_bytes(16), session=session, runs=runs)
        for name, value in fields.items():
            assert hasattr(call, name)
            setattr(call, name, value)
        return call

    return make


@pytest.fixture
def queue() -> Queue:
    """Return a queue of width 1 whose tasks are numbered from 1."""
    return Queue("global", 1, itertools.count(1).__next__)


@pytest.fixture
async def launcher() -> AsyncGenerator[Launcher]:
    become_subreaper()
    launcher = Launcher()
    yield launcher
    await launcher.close()
    # Or what later tests detach from themselves would fall to this process.
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


@pytest.fixture
def new_job(tmp_path: Path) -> NewJob:
    return functools.partial(job_in, tmp_path)


@pytest.fixture
def beat(tmp_path: Path) -> Beat:
    return Beat(tmp_path)


@pytest.fixture
def bench(tmp_path: Path, launcher: Launcher) -> Bench:
    return Bench(tmp_path, launcher)


@pytest.fixture
def submit(new_task: NewTask, new_call: NewCall) -> Callable[..., Task]:
    """Ask for a run at second 0 and drop what follows from it."""

    def ask(queue: Queue, *, session: bytes = b"s", call: Call | None = None, **kw: object) -> Task:
        task = queue.submit(new_task(session=session, **kw), call or new_call(session), at(0))
        queue.take_effects()
        return task

    return ask
