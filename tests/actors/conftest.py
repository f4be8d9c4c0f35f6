from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from signalpost.actors.moment import Moment
from signalpost.actors.task import Call, Task
from signalpost.transport.messages import RunTask

_numbers = itertools.count(1)


@pytest.fixture
def new_task() -> Callable[..., Task]:
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
def new_call() -> Callable[..., Call]:
    """A call that asks for a run, but for the fields given."""

    def make(session: bytes = b"s", *, runs: bool = True, **fields: object) -> Call:
        call = Call(correlation=next(_numbers).to_bytes(16), session=session, runs=runs)
        for name, value in fields.items():
            assert hasattr(call, name)
            setattr(call, name, value)
        return call

    return make
