from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from signalpost.transport import endpoint
from signalpost.transport.endpoint import Published
from signalpost.transport.errors import BadRequest, BrokerUnavailable
from signalpost.transport.launch import ensure_broker


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data dir that is not made yet. No process may be started."""

    def refuse(*args: object, **_: object) -> None:
        pytest.fail(f"started {args}")

    monkeypatch.setattr(subprocess, "run", refuse)
    parent = Path(tempfile.mkdtemp(prefix="sp-", dir="/tmp"))
    yield parent / "d"
    shutil.rmtree(parent)


def test_no_broker_is_started_from_inside_a_task(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNALPOST_TASK", "7:ee")
    with pytest.raises(BrokerUnavailable, match="Start it outside: signalpost broker"):
        anyio.run(ensure_broker, folder)
    assert not folder.exists()


def test_a_broker_that_serves_is_used_also_from_inside_a_task(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNALPOST_TASK", "7:ee")
    endpoint.prepare(folder)
    published = Published(f"ipc://{folder}/run/b.sock", "e", 77, 1.0, "1")
    endpoint.publish(folder, published)
    with closing(socket.socket(socket.AF_UNIX)) as server:
        server.bind(f"{folder}/run/b.sock")
        server.listen()
        assert anyio.run(ensure_broker, folder) == published


def test_an_unusable_data_dir_is_refused_before_anything_starts(folder: Path) -> None:
    endpoint.prepare(folder)
    folder.chmod(0o755)
    with pytest.raises(BadRequest, match="chmod 700"):
        anyio.run(ensure_broker, folder)


def test_a_link_in_the_place_of_the_lock_is_refused(folder: Path) -> None:
    endpoint.start_lock_path(folder).symlink_to(folder.parent / "elsewhere")
    with pytest.raises(BrokerUnavailable, match=r"d\.start"):
        anyio.run(ensure_broker, folder)
    assert not (folder.parent / "elsewhere").exists()
