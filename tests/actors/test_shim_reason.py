"""A command that cannot start says why, and what to do about it."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import cast

import msgspec
import pytest

from signalpost.actors import shim_reason
from signalpost.actors.shim_child import JobFields
from tests.actors.bench import Bench
from tests.actors.jobs import job_in

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the limits are those of Linux")

INTO_A_FILE = "Put what is large into a file and pass its name."


async def reason(bench: Bench, command: str = "true", **fields: object) -> str:
    outcome = await bench.run(command, **fields)
    assert outcome.reason == "cannot_start"
    assert (outcome.exit_code, outcome.signal) == (None, None)
    assert f"REASON: cannot_start: {outcome.error}\n".encode() in bench.log()
    return outcome.error


async def test_a_command_of_more_than_128_kib(bench: Bench) -> None:
    together = os.sysconf("SC_ARG_MAX")
    assert await reason(bench, "x" * 200_000) == (
        "Argument list too long: /bin/sh. The command has 200001 bytes; one argument or"
        f" variable may have 131072, all together {together}. {INTO_A_FILE}"
    )


async def test_a_variable_of_more_than_128_kib_is_named(bench: Bench) -> None:
    environment = {"A": "1", "BIG": "x" * 140_000}
    assert "The variable BIG has 140005 bytes;" in await reason(bench, environment=environment)


async def test_too_much_together(bench: Bench) -> None:
    environment = {f"A{n}": "x" * 1020 for n in range(1000)}
    assert await reason(bench, environment=environment, limits={"RLIMIT_STACK": 1 << 20}) == (
        "Argument list too long: /bin/sh. The command and the environment have 1033903 bytes"
        f" together; one argument or variable may have 131072, all together 262144. {INTO_A_FILE}"
    )


async def test_a_folder_that_is_gone(bench: Bench) -> None:
    assert await reason(bench, working_directory="/no/such") == (
        "No such file or directory: /no/such."
        " The working directory is gone: create it or name another."
    )


async def test_a_folder_that_is_none(bench: Bench) -> None:
    assert await reason(bench, working_directory="/etc/passwd") == (
        "Not a directory: /etc/passwd."
        " The working directory is not a folder: name the folder it is in."
    )


async def test_what_no_process_can_be_given(bench: Bench) -> None:
    assert await reason(bench, "a\0b") == "embedded null byte"
    error = await reason(bench, environment={"A=B": "c"})
    assert error == "illegal environment variable name"


@pytest.mark.parametrize(
    ("number", "path", "remedy"),
    [
        (errno.ENOENT, "/bin/sh", "The shell is missing: install one there, or link it"),
        (errno.EACCES, "/bin/sh", "This user may not execute the shell: check its permissions."),
        (errno.EAGAIN, "/bin/sh", "This user has as many processes as are allowed:"),
        (errno.ENOMEM, "/bin/sh", "There is no memory for another process:"),
        (errno.EACCES, "/x", "The working directory cannot be entered: check its permissions."),
        (errno.EMFILE, None, "Too many files are open: try again when other tasks have ended."),
    ],
)
def test_what_the_system_refuses_has_a_remedy(
    tmp_path: Path, number: int, path: str | None, remedy: str
) -> None:
    error = OSError(number, os.strerror(number), path)
    assert f"{os.strerror(number)}" in shim_reason.reason(error, fields(tmp_path))
    assert f". {remedy}" in shim_reason.reason(error, fields(tmp_path))


def test_what_has_no_remedy_is_told_as_it_is(tmp_path: Path) -> None:
    error = OSError(errno.EIO, "Input/output error", "/bin/sh")
    assert shim_reason.reason(error, fields(tmp_path)) == "Input/output error: /bin/sh"


def fields(folder: Path) -> JobFields:
    return cast(JobFields, msgspec.to_builtins(job_in(folder, "true")))
