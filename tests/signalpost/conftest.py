from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from signalpost.transport.messages import TaskReport

Reports = Callable[..., TaskReport]

_REPORT = TaskReport(
    task_id=8,
    state="success",
    queue_name="global",
    command="make all",
    working_directory="/work",
    owner="person",
    output="/state/output/task_8.log",
    created_at=1000.0,
    started_at=1010.0,
    ended_at=1041.2,
    ran_seconds=31.2,
    exit_code=0,
)


@pytest.fixture
def report() -> Reports:
    """A finished task's report, but for the fields given."""

    def changed(**fields: object) -> TaskReport:
        return msgspec.structs.replace(_REPORT, **fields)

    return changed


@pytest.fixture
def folder() -> Iterator[Path]:
    """A private folder whose path is short enough for sockets in it."""
    path = Path(tempfile.mkdtemp(prefix="sp-", dir="/tmp"))
    yield path
    shutil.rmtree(path)
