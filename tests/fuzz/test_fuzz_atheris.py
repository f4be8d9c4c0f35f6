"""Case 20, steered by coverage, for a minute: `make soak` runs it where atheris is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.fuzz_broker import try_one

SECONDS = 60


@pytest.mark.soak
def test_what_atheris_finds_does_no_harm(tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="atheris is not installed: pip install atheris")
    script = Path(__file__).with_name("fuzz_broker.py")
    done = subprocess.run(
        [sys.executable, str(script), f"-max_total_time={SECONDS}", "-timeout=60"],
        capture_output=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(script.parents[2])},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]


def test_the_target_of_the_fuzzer_takes_any_input() -> None:
    try_one(b"")
    try_one(bytes(range(256)) * 4)
