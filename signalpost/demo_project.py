"""The small project that the demo builds: C where a compiler works, else Python."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .demo_sources import C_SOURCES, PYTHON_SOURCES

_TRIAL = ("cc", "-x", "c", "-o", "trial", "-")
_SMALLEST = b'#include <stdio.h>\nint main(void) { return puts("") < 0; }\n'


@dataclass(frozen=True, slots=True)
class Project:
    """Sources by file name, and the shell command that builds and checks them."""

    language: str
    command: str
    sources: dict[str, str]

    def write(self, folder: Path) -> None:
        """Make ``folder`` and write the sources there.

        :raises OSError: it exists, or cannot be written
        """
        folder.mkdir()
        for name, text in self.sources.items():
            (folder / name).write_text(text, "utf-8")


def choose(find: Callable[[str], str | None], compiles: Callable[[], bool]) -> Project:
    """Return the C project if this machine can build it, else the Python one.

    :param find: looks a program up on PATH, as :func:`shutil.which`
    :param compiles: tries the compiler, see :func:`compiler_works`
    """
    if find("make") and find("cc") and compiles():
        return Project("C", "make", C_SOURCES)
    return Project("Python", f"{Path(sys.executable).name} -m unittest", PYTHON_SOURCES)


def compiler_works(folder: Path) -> bool:
    """Tell whether ``cc`` makes a program: it may be there without headers or a linker.

    :param folder: where it leaves what it makes
    """
    try:
        tried = subprocess.run(
            _TRIAL, cwd=folder, input=_SMALLEST, capture_output=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return tried.returncode == 0
