from __future__ import annotations

import os
import shlex
import stat
import sys
import time
from pathlib import Path

import psutil
import pytest

from signalpost.handshake import greet

ANSWER = '{"jsonrpc":"2.0","id":1,"result":{"serverInfo":{"name":"x","version":"9.9"}}}'


def server(folder: Path, script: str) -> list[str]:
    path = folder / "server"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(stat.S_IRWXU)
    return [str(path)]


def test_a_servers_version_is_heard_and_it_has_ended_then(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    words = server(tmp_path, f"echo $$ >{pid}; read line; echo '{ANSWER}'; exec sleep 1000")
    assert greet(words, os.environ).version == "9.9"
    assert not psutil.pid_exists(int(pid.read_text()))


def test_our_own_server_answers_with_our_version(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "signalpost", "mcp", "--data-dir", str(tmp_path / "state")]
    assert greet(words, os.environ).version
    assert not (tmp_path / "state").exists()  # no broker was started for that


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("echo nothing works >&2; exit 3", "ended with 3 instead of an answer: nothing works"),
        ("exit 0", "ended with 0 instead of an answer"),
        ("read line; echo hello", "instead of an answer"),
        ("read line; echo '{\"result\": []}'", "instead of an answer"),
        ("printf half", "instead of an answer"),
    ],
)
def test_a_server_that_does_not_answer_is_told_with_its_last_words(
    tmp_path: Path, script: str, problem: str
) -> None:
    assert problem in greet(server(tmp_path, script), os.environ).problem


@pytest.mark.parametrize("word", ["a\0b", "\ud800", "/no/such"])
def test_words_that_start_nothing_are_told(word: str) -> None:
    assert greet([word, "mcp"], os.environ).problem.startswith("cannot be started: ")


def test_a_server_that_hangs_is_killed_with_all_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    words = server(tmp_path, f"sleep 1000 & echo $! $$ >{pids}; sleep 1000")
    assert greet(words, os.environ, limit=0.3).problem == "no answer within 0.3 s"
    deadline = time.monotonic() + 10
    for pid in map(int, pids.read_text().split()):
        while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline


def test_a_program_that_is_not_there_is_told() -> None:
    assert greet(shlex.split("/no/such/program mcp"), {}).problem == (
        "cannot be started: No such file or directory"
    )
