from __future__ import annotations

import subprocess
import sys

import pytest

import signalpost
from signalpost.transport import client, errors


def loaded_by(code: str) -> set[str]:
    script = f"{code}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


def test_every_public_name_is_there() -> None:
    assert all(getattr(signalpost, name) is not None for name in signalpost.__all__)
    assert set(signalpost.__all__) <= set(dir(signalpost))
    assert signalpost.connect is client.connect
    assert signalpost.TooLarge is errors.TooLarge


def test_every_error_is_public() -> None:
    kinds = {kind.__name__ for kind in errors.SignalpostError.__subclasses__()}
    assert kinds <= set(signalpost.__all__)


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = signalpost.nothing


HEAVY = {"asyncio", "anyio", "zmq", "msgspec", "mcp", "rich", "sqlite3", "psutil"}


@pytest.mark.parametrize("code", ["import signalpost", "import signalpost.edge"])
def test_the_front_door_loads_nothing_heavy(code: str) -> None:
    assert loaded_by(code) & HEAVY == set()


def test_until_ctrl_c_is_heeded_nothing_is_loaded_that_takes_time() -> None:
    before = loaded_by("")
    ours = loaded_by("import signalpost.__main__") - before
    assert ours <= {"signalpost", "signalpost.__main__", "os", "signal", "_signal", "enum"}


def test_run_loads_neither_mcp_nor_rich_nor_sqlite() -> None:
    assert loaded_by("import signalpost.run") & {"mcp", "rich", "sqlite3", "psutil"} == set()


def test_logs_do_without_the_client() -> None:
    assert loaded_by("import signalpost.logs") & {"zmq", "anyio", "asyncio", "mcp"} == set()
