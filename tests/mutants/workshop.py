"""A copy of the tree with an interpreter of its own, which finds the copy and nothing else.

The editable install of the environment leads to the checkout by a hook in its
site-packages. The interpreter here has a file of paths instead: the copy first, then
those site-packages, as a mere folder, in which no hook is started. So the copy is what
is tested by every process, whatever environment it is given.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
import tempfile
import venv
from pathlib import Path
from typing import Self

from tests.mutants.mutant import Mutant
from tests.system.processes import Handles, bound_to

ROOT = Path(__file__).parents[2]
_LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "results", "*.egg-info")
_OURS = ("SIGNALPOST_", "CLAUDE_CODE_MESSAGING_", "GPTQ_", "PYTEST_", "PYTHON", "VIRTUAL_ENV")
_WHERE = "import importlib, sys; print(importlib.import_module(sys.argv[1]).__file__)"


class Workshop:
    """One copy; at the end of the block it is gone, with all that was started in it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="spm-", dir="/tmp"))
        self.tree = self.folder / "tree"
        self._python = self.folder / "venv" / "bin" / "python"

    def __enter__(self) -> Self:
        shutil.copytree(ROOT, self.tree, symlinks=True, ignore=_LEFT_OUT)
        venv.EnvBuilder(symlinks=True).create(self.folder / "venv")
        paths = sysconfig.get_path("purelib", vars={"base": str(self.folder / "venv")})
        lines = f"{self.tree}\n{sysconfig.get_path('purelib')}\n"
        (Path(paths) / "copy.pth").write_text(lines)
        return self

    def __exit__(self, *_: object) -> None:
        handles = Handles()
        handles.record(bound_to(self.folder))
        handles.kill()
        handles.survivors(5.0)
        handles.close()
        shutil.rmtree(self.folder)

    def plant(self, mutant: Mutant) -> None:
        """Put a fault into the copy, and make sure that it is what is imported.

        :raises ValueError: it does not fit any more, or something else is imported
        """
        mutant.plant(self.tree)
        done = self.run("-c", _WHERE, mutant.module, seconds=60)
        found = Path(done.stdout.strip()).resolve()
        if done.returncode or found != self.tree / mutant.file:
            raise ValueError(f"{mutant.name}: {mutant.module} is not the copy's: {done.stdout}")

    def run(self, *words: str, seconds: float) -> subprocess.CompletedProcess[str]:
        """Run the copy's Python in the copy.

        :raises subprocess.TimeoutExpired: it takes longer
        """
        return subprocess.run(
            [str(self._python), *words],
            cwd=self.tree,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        return {**kept, "HOME": str(self.folder)}
