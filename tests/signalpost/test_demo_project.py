from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from signalpost.demo_project import Project, choose, compiler_works


def _find(*programs: str) -> dict[str, str]:
    return {program: f"/bin/{program}" for program in programs}


@pytest.mark.parametrize(
    ("programs", "works", "language"),
    [
        (("cc", "make"), True, "C"),
        (("cc", "make"), False, "Python"),
        (("cc",), True, "Python"),
        (("make",), True, "Python"),
    ],
)
def test_c_is_chosen_only_where_it_can_be_built(
    programs: tuple[str, ...], works: bool, language: str
) -> None:
    assert choose(_find(*programs).get, lambda: works).language == language


def test_the_python_project_passes(tmp_path: Path) -> None:
    done = _build(choose(lambda _: None, lambda: False), tmp_path)
    assert done.returncode == 0
    assert b"Ran 2 tests" in done.stderr


@pytest.mark.skipif(not (shutil.which("cc") and shutil.which("make")), reason="no cc or make")
def test_the_c_project_passes(tmp_path: Path) -> None:
    done = _build(choose(shutil.which, lambda: True), tmp_path)
    assert done.returncode == 0
    assert done.stdout.endswith(b"\n2 of 2 right\n")


def test_a_compiler_that_makes_nothing_does_not_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler = tmp_path / "cc"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not compiler_works(tmp_path)
    compiler.write_text("#!/bin/sh\nexit 1\n")
    compiler.chmod(0o700)
    assert not compiler_works(tmp_path)
    compiler.write_text("#!/bin/sh\nexit 0\n")
    assert compiler_works(tmp_path)


def _build(project: Project, tmp_path: Path) -> subprocess.CompletedProcess[bytes]:
    project.write(tmp_path / "p")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        ["/bin/sh", "-c", project.command],
        cwd=tmp_path / "p",
        env={"PATH": path},
        capture_output=True,
        timeout=60,
        check=False,
    )
