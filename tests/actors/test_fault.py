from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from signalpost.actors import fault
from signalpost.transport.errors import BadRequest

DIR = Path("/home/me/state")


def of_sqlite(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = code
    return error


def of_system(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def test_a_typed_error_speaks_for_itself() -> None:
    assert fault.words(BadRequest("no. do this."), DIR) == "no. do this."


@pytest.mark.parametrize(
    "error", [of_system(errno.ENOSPC), of_system(errno.EDQUOT), of_sqlite(sqlite3.SQLITE_FULL)]
)
def test_a_full_disk_is_named_with_the_remedy(error: Exception) -> None:
    group = ExceptionGroup("tasks", [ExceptionGroup("tasks", [error])])
    for raised in (error, group):
        said = fault.words(raised, DIR)
        assert said == f"the disk of {DIR} is full ({error}). Free space there, then try again."


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR, 4874, sqlite3.SQLITE_CANTOPEN])
def test_what_sqlite_calls_otherwise_is_a_full_disk_where_there_is_no_room(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: int
) -> None:
    assert not fault.is_full(of_sqlite(code), tmp_path)
    fields = list(os.statvfs(tmp_path))
    fields[4] = 0  # f_bavail

    def no_room(_: Path) -> os.statvfs_result:
        return os.statvfs_result(fields)

    monkeypatch.setattr(os, "statvfs", no_room)
    assert fault.is_full(of_sqlite(code), tmp_path)


def test_what_nobody_has_foreseen_is_one_line_and_the_log_has_the_rest(
    caplog: pytest.LogCaptureFixture,
) -> None:
    said = fault.words(ZeroDivisionError("a\nb"), DIR)
    assert said == (f"ZeroDivisionError: a b. See {DIR}/broker.log, or run: signalpost doctor")
    assert "ZeroDivisionError" in caplog.text
