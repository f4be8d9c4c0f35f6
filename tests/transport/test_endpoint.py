from __future__ import annotations

import os
import pwd
import shutil
import socket
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from signalpost.transport import endpoint
from signalpost.transport.endpoint import Published
from signalpost.transport.errors import BadRequest, BrokerUnavailable

SERVED = Published("ipc:///run/b.sock", "e" * 16, 77, 123.0, "1.0")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data dir's path, short enough for sockets in it; nothing is there yet."""
    parent = Path(tempfile.mkdtemp(prefix="sp-", dir="/tmp"))
    yield parent / "d"
    shutil.rmtree(parent)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# ---------------------------------------------------------------- which folder


def test_the_option_counts_more_than_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALPOST_DATA_DIR", "/variable")
    assert endpoint.data_dir("/option") == Path("/option")
    assert endpoint.data_dir() == Path("/variable")


@pytest.mark.skipif(sys.platform != "linux", reason="the default of Linux")
def test_the_default_is_below_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALPOST_DATA_DIR", "")
    monkeypatch.setenv("HOME", "/home/x")
    assert endpoint.data_dir() == Path("/home/x/.local/state/signalpost")
    monkeypatch.delenv("HOME")
    home = Path(pwd.getpwuid(os.getuid()).pw_dir)
    assert endpoint.data_dir() == home / ".local/state/signalpost"


@pytest.mark.skipif(sys.platform != "linux", reason="the default of Linux")
@pytest.mark.parametrize("home", ["", "home", ".", "~"])
def test_a_relative_home_counts_for_nothing(monkeypatch: pytest.MonkeyPatch, home: str) -> None:
    monkeypatch.delenv("SIGNALPOST_DATA_DIR", raising=False)
    monkeypatch.setenv("HOME", home)
    known = Path(pwd.getpwuid(os.getuid()).pw_dir)
    assert endpoint.data_dir() == known / ".local/state/signalpost"


def test_a_user_without_any_home_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_uid: int) -> None:
        raise KeyError

    monkeypatch.delenv("SIGNALPOST_DATA_DIR", raising=False)
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    with pytest.raises(BadRequest, match="Set HOME, or give --data-dir"):
        endpoint.data_dir()


def test_two_spellings_of_a_folder_are_one_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/x")
    spellings = ["/home/x/d", "/home/x/d/", "/home/x/./y/../d", "~/d"]
    assert {endpoint.data_dir(spelling) for spelling in spellings} == {Path("/home/x/d")}


@pytest.mark.parametrize("path", ["d", "./d", "../d", "~nobody-of-that-name/d"])
def test_a_relative_folder_is_refused(path: str) -> None:
    with pytest.raises(BadRequest, match=r"is relative\. Give an absolute path"):
        endpoint.data_dir(path)


def test_the_locks_are_siblings_so_that_emptying_the_folder_frees_nothing() -> None:
    folder = Path("/x/d")
    assert endpoint.lock_path(folder) == Path("/x/d.lock")
    assert endpoint.start_lock_path(folder) == Path("/x/d.start")


# ---------------------------------------------------------------- privacy


def test_the_folders_are_made_private_whatever_the_umask(folder: Path) -> None:
    before = os.umask(0)
    try:
        endpoint.prepare(folder / "deep" / "er")
    finally:
        os.umask(before)
    made = folder / "deep" / "er"
    folders = [made, endpoint.run_dir(made), endpoint.output_dir(made)]
    assert [mode(path) for path in folders] == [0o700] * 3
    endpoint.prepare(made)  # a second time changes nothing


@pytest.mark.parametrize("name", ["", "run", "output"])
def test_a_link_in_the_place_of_a_folder_is_refused(folder: Path, name: str) -> None:
    endpoint.prepare(folder)
    path = folder / name
    path.rename(folder.parent / "elsewhere")
    path.symlink_to(folder.parent / "elsewhere")
    with pytest.raises(BadRequest, match="is no folder of its own"):
        endpoint.prepare(folder)


def test_a_file_in_the_place_of_a_folder_is_refused(folder: Path) -> None:
    folder.touch()
    with pytest.raises(BadRequest, match=f"{folder}.*--data-dir"):
        endpoint.prepare(folder)
    with pytest.raises(BadRequest, match=f"{folder}.*--data-dir"):
        endpoint.prepare(folder / "below")


@pytest.mark.parametrize("open_to", [0o770, 0o701, 0o755])
def test_a_folder_that_others_can_enter_is_refused_with_the_remedy(
    folder: Path, open_to: int
) -> None:
    endpoint.prepare(folder)
    folder.chmod(open_to)
    with pytest.raises(BadRequest, match=f"open to other users. Run: chmod 700 '{folder}'"):
        endpoint.prepare(folder)


def test_a_folder_of_another_user_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint.prepare(folder)
    mine = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: mine + 1)
    with pytest.raises(BadRequest, match=f"belongs to uid {mine}"):
        endpoint.prepare(folder)


MOUNTS = r"""
22 1 8:1 / / rw - ext4 /dev/sda1 rw
30 22 0:30 / /home rw,nosuid shared:5 - nfs4 server:/home rw
31 30 0:31 / /home/x/local rw - ext4 /dev/sdb1 rw
32 22 0:32 / /mnt/my\040disk rw - fuse.sshfs me@there rw
""".strip()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/y", "nfs4"),
        ("/home", "nfs4"),
        ("/mnt/my disk/d", "fuse.sshfs"),
        ("/homework", ""),
        ("/home/x/local/d", ""),
        ("/", ""),
    ],
)
def test_a_network_file_system_is_refused(
    path: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:

    def mounts(_path: Path, **_options: object) -> str:
        return MOUNTS

    monkeypatch.setattr(Path, "read_text", mounts)
    if not kind:
        endpoint.refuse_network(Path(path))
        return
    with pytest.raises(BadRequest, match=rf"network file system \({kind}\).*--data-dir"):
        endpoint.refuse_network(Path(path))


# ---------------------------------------------------------------- the socket's place


def test_the_socket_is_in_the_folder_where_its_path_is_short(folder: Path) -> None:
    assert endpoint.choose_socket(folder, "0123456789") == folder / "run" / "b-01234567.sock"


def test_a_long_path_leads_to_a_fresh_private_folder_in_tmp(folder: Path) -> None:
    long = folder / ("x" * 80)
    chosen = [endpoint.choose_socket(long, "0123456789") for _ in range(2)]
    try:
        assert chosen[0] != chosen[1]
        for path in chosen:
            assert path.parent.parent == Path("/tmp")
            assert mode(path.parent) == 0o700
            assert len(os.fsencode(path)) < 80
    finally:
        for path in chosen:
            path.parent.rmdir()


def test_the_bytes_of_a_path_are_what_counts(folder: Path) -> None:
    chosen = endpoint.choose_socket(folder / ("ö" * 30), "0123456789")
    try:
        assert chosen.parent.parent == Path("/tmp")
    finally:
        chosen.parent.rmdir()


# ---------------------------------------------------------------- finding the broker


def test_what_is_published_can_be_read(folder: Path) -> None:
    endpoint.prepare(folder)
    assert endpoint.read_published(folder) is None
    endpoint.publish(folder, SERVED)
    endpoint.publish(folder, SERVED)
    assert endpoint.read_published(folder) == SERVED
    file = folder / "run" / "broker.json"
    assert mode(file) == 0o600
    assert list(file.parent.iterdir()) == [file]  # no scratch files stay
    file.unlink()
    file.mkdir()
    with pytest.raises(BrokerUnavailable, match="is a folder"):
        endpoint.publish(folder, SERVED)
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("text", [b"", b"{}", b"\xff", b'{"endpoint":"\xff"}', b"[" * 100_000])
def test_what_is_not_ours_is_read_as_nothing(folder: Path, text: bytes) -> None:
    endpoint.prepare(folder)
    (folder / "run" / "broker.json").write_bytes(text)
    assert endpoint.read_published(folder) is None
    assert endpoint.find(folder) is None


def published_at(folder: Path, where: str) -> Published:
    endpoint.prepare(folder)
    published = Published(where, "e", 77, 1.0, "1")
    endpoint.publish(folder, published)
    return published


def listening(path: Path) -> socket.socket:
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen(0)
    return server


def test_a_broker_is_found_while_its_socket_takes_connections(folder: Path) -> None:
    path = folder / "run" / "b.sock"
    published = published_at(folder, f"ipc://{path}")
    assert endpoint.find(folder) is None
    with closing(listening(path)):
        assert endpoint.find(folder) == published
    assert path.exists()
    assert endpoint.find(folder) is None  # the socket is there, and nobody behind it


def test_a_broker_too_busy_to_take_a_connection_is_found_without_waiting(folder: Path) -> None:
    path = folder / "run" / "b.sock"
    published = published_at(folder, f"ipc://{path}")
    with closing(listening(path)):
        knocking = [socket.socket(socket.AF_UNIX) for _ in range(4)]
        for one in knocking:
            one.setblocking(False)
            one.connect_ex(str(path))
        assert endpoint.find(folder) == published
        for one in knocking:
            one.close()


@pytest.mark.parametrize(
    "where", ["ipc://", "ipc:///" + "x" * 200, "tcp://127.0.0.1:1", "\0", "a\0b"]
)
def test_a_strange_endpoint_is_nobody_s(folder: Path, where: str) -> None:
    published_at(folder, where)
    assert endpoint.find(folder) is None


def test_another_user_s_broker_is_not_ours(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    published_at(folder, "ipc:///x.sock")

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(socket.socket, "connect", refuse)
    with pytest.raises(BrokerUnavailable, match=r"ipc:///x.sock is not ours"):
        endpoint.find(folder)
