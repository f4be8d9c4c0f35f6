"""Ctrl-C before a command has begun, and output that finds no room or no reader."""

from __future__ import annotations

import subprocess

import pytest

from tests.system.home import SECONDS, Home

_CTRL_C = "import os, signal, time; os.kill(os.getpid(), signal.SIGINT); time.sleep(20)\n"


@pytest.mark.parametrize("command", [("list",), ("doctor",), ("run", "true")])
@pytest.mark.parametrize("module", ["click", "anyio"])
def test_ctrl_c_while_modules_are_loaded_is_130_without_a_traceback(
    home: Home, command: tuple[str, ...], module: str
) -> None:
    (home.folder / f"{module}.py").write_text(_CTRL_C)  # found first: it is the current folder
    done = home.run(*command)
    (home.folder / f"{module}.py").unlink()
    assert done.returncode == 130
    assert done.stderr.strip() == b""


FULL = (
    ("list",),
    ("list", "--json"),
    ("status", "1"),
    ("output", "1"),
    ("logs",),
    ("doctor",),
    ("cancel", "1"),
    ("clear", "--logs"),
    ("--version",),
    ("--help",),
    ("run", "--help"),
    ("stop",),
)


def test_output_that_finds_no_room_is_one_line_and_1(home: Home) -> None:
    home.run("run", "echo on")
    for words in FULL:
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                home.words(*words),
                stdout=full,
                stderr=subprocess.PIPE,
                env=home.environment,
                timeout=SECONDS,
                check=False,
            )
        said = (done.returncode, done.stderr)
        expected = b"signalpost: cannot write the output: No space left on device\n"
        assert said == (1, expected), words


@pytest.mark.parametrize("words", [("list",), ("--help",), ("--version",), ("run", "--help")])
def test_output_that_nobody_reads_is_141(home: Home, words: tuple[str, ...]) -> None:
    reader = subprocess.Popen(["true"], stdin=subprocess.PIPE)
    reader.wait(SECONDS)
    with reader:
        done = subprocess.run(
            home.words(*words),
            stdout=reader.stdin,
            stderr=subprocess.PIPE,
            env=home.environment,
            timeout=SECONDS,
            check=False,
        )
    assert (done.returncode, done.stderr) == (141, b"")


HUGE = "1" + "0" * 25


@pytest.mark.parametrize(
    "words",
    [
        ("status", HUGE),
        ("cancel", "1", HUGE),
        ("output", HUGE),
        ("output", "-f", HUGE),
        ("logs", "-n", HUGE),
        ("list", "-n", HUGE),
    ],
)
def test_a_number_that_no_task_can_have_is_a_wrong_option(
    home: Home, words: tuple[str, ...]
) -> None:
    done = home.run(*words)
    assert done.returncode == 2
    assert b"is not in the range" in done.stderr
    assert b"Traceback" not in done.stderr
