from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from signalpost.this_program import this_program
from signalpost.transport.errors import BadRequest


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(stat.S_IRWXU)
    return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation of its own, with nothing on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv" / "bin" / "python"))
    return tmp_path


def test_the_program_beside_this_python_is_meant(folder: Path) -> None:
    here = program(folder / "venv" / "bin" / "signalpost")
    program(folder / "path" / "signalpost")
    assert this_program() == (str(here),)


def test_a_link_on_the_path_that_leads_to_it_is_rather_named(folder: Path) -> None:
    here = program(folder / "venv" / "bin" / "signalpost")
    (folder / "path").mkdir()
    link = folder / "path" / "signalpost"
    link.symlink_to(here)
    assert this_program() == (str(link),)


def test_without_any_python_runs_it_as_a_module(folder: Path) -> None:
    assert this_program() == (sys.executable, "-m", "signalpost")


def test_what_lies_in_a_cache_is_refused_with_the_remedy(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = folder / "uv" / "archive-v0" / "x" / "bin" / "python"
    monkeypatch.setattr(sys, "executable", str(python))
    program(python.with_name("signalpost"))
    with pytest.raises(BadRequest, match="--command 'uvx --from"):
        this_program()


def test_another_command_is_taken_with_its_full_path(folder: Path) -> None:
    runner = program(folder / "path" / "uvx")
    assert this_program("uvx --from '/my src' signalpost") == (
        str(runner),
        "--from",
        "/my src",
        "signalpost",
    )


@pytest.mark.parametrize("command", ["nothing here", "'", " "])
def test_a_command_that_is_none_is_refused(folder: Path, command: str) -> None:
    with pytest.raises(BadRequest):
        this_program(command)


def test_of_a_command_the_word_is_named_that_is_no_program(folder: Path) -> None:
    with pytest.raises(BadRequest, match=r"--command: 'uvx' is no program on PATH\."):
        this_program("uvx --from /src signalpost")
