from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from signalpost.transport.process import parent, start_time, words


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A process that lives until it is killed."""
    process = subprocess.Popen([sys.executable, "-ISc", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


def test_the_start_time_tells_two_processes_apart(child: subprocess.Popen[bytes]) -> None:
    assert start_time(child.pid) == start_time(child.pid) > 0
    assert start_time(child.pid) >= start_time(os.getpid())
    child.kill()
    child.wait()
    assert start_time(child.pid) == 0.0


@pytest.mark.skipif(sys.platform != "linux", reason="of /proc")
def test_a_strange_name_does_not_hide_the_start_time() -> None:
    rename = "import sys; open('/proc/self/comm','w').write(') R 1 1'); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-ISc", rename], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert start_time(process.pid) >= start_time(os.getpid()) > 0
        process.communicate(b"\n")


def test_the_command_line_of_a_process_is_told_and_that_of_none_is_empty() -> None:
    assert words(os.getpid())[0]
    assert words(2**22 + 1) == []


def test_the_parent_of_a_process_is_told_and_that_of_none_is_0(
    child: subprocess.Popen[bytes],
) -> None:
    assert parent(child.pid) == os.getpid()
    assert parent(2**22 + 1) == 0
