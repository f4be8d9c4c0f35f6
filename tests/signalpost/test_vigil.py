"""One process waits beside each client."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from signalpost import vigil

_SCRIPT = """
import sys
from pathlib import Path
from signalpost import vigil
print(vigil.begin(Path(sys.argv[1]), int(sys.argv[2])), flush=True)
sys.stdin.read()
"""


def _waiter(folder: Path, client: int) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", _SCRIPT, str(folder), str(client)]
    pipe = subprocess.PIPE
    return subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True)


def _said(waiter: subprocess.Popen[str]) -> str:
    assert waiter.stdout is not None
    return waiter.stdout.readline().strip()


def test_the_first_one_waits_until_it_ends_and_then_the_next_may(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    with _waiter(folder, 400) as first:
        assert _said(first) == "True"
        with _waiter(folder, 400) as second, _waiter(folder, 401) as other:
            assert (_said(second), _said(other)) == ("False", "True")
            for waiter in (second, other):
                waiter.kill()
        first.kill()
    with _waiter(folder, 400) as third:
        assert _said(third) == "True"
        third.kill()
    assert [path.stat().st_size for path in (folder / "hooks").iterdir()] == [0]


@pytest.mark.parametrize("how", ["a file", "open to others"])
def test_where_it_cannot_be_told_it_is_better_to_wait_twice(tmp_path: Path, how: str) -> None:
    folder = tmp_path / "state"
    if how == "a file":
        folder.write_text("")
    else:
        folder.mkdir(mode=0o755)
        folder.chmod(0o755)
    assert vigil.begin(folder, 400)
    assert vigil.begin(folder, 400)
