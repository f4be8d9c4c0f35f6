"""Case 25: folders that others prepared or can enter, and sockets that are too far or gone.

Each alone: tests/transport/test_endpoint.py. A socket, a folder or the lock that is removed
while the broker runs: tests/system/test_finding.py.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import stat
from contextlib import closing
from pathlib import Path

import anyio.to_thread
import pytest

from signalpost.transport import endpoint
from signalpost.transport.errors import BadRequest, BrokerUnavailable
from tests.system.place import SIGNALPOST, Done, Place, within
from tests.system.processes import bound_to

NOBODY = 65534
REFUSED = 69


def broken(place: Place, how: str) -> Path:
    """Put something in the place of the data dir that nobody should trust; return what it leads to."""
    elsewhere = place.folder / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    match how:
        case "a link":
            place.state.symlink_to(elsewhere)
        case "a link for run":
            place.state.mkdir(mode=0o700)
            (place.state / "run").symlink_to(elsewhere)
        case "a foreign owner":
            place.state.mkdir(mode=0o700)
            os.chown(place.state, NOBODY, NOBODY)
        case _:
            place.state.mkdir()
            place.state.chmod(int(how, 8))
    return elsewhere


BREACHES = ["a link", "a link for run", "a foreign owner", "777"]


@within(40)
@pytest.mark.parametrize("how", BREACHES)
async def test_a_data_dir_that_others_could_have_prepared_is_not_used(
    place: Place, how: str
) -> None:
    if how == "a foreign owner" and os.getuid() != 0:
        pytest.skip("only root gives folders away")
    elsewhere = broken(place, how)
    with pytest.raises(BadRequest, match=r"data-dir|chmod 700"):
        async with place.client():
            pass
    done = await place.run(*SIGNALPOST, "broker")
    assert (done.returncode, done.stdout) == (REFUSED, b"")
    assert b"chmod 700" in done.stderr or b"--data-dir" in done.stderr
    assert b"Traceback" not in done.stderr
    assert os.listdir(elsewhere) == []
    assert bound_to(place.state) == []


# ---------------------------------------------------------------- traps for clients


def trap(place: Place, run: Path) -> socket.socket:
    """Publish a broker that is none and listen there."""
    path = run / "trap.sock"
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen()
    says = {
        "endpoint": f"ipc://{path}",
        "epoch": "00" * 12,
        "pid": 1,
        "start_time": 0,
        "version": "1",
    }
    (run / "broker.json").write_text(json.dumps(says))
    place.state.chmod(0o700)
    return listening


@within(20)
@pytest.mark.parametrize("how", ["777", "a link for run"])
async def test_a_client_follows_nothing_that_others_could_have_published(
    place: Place, how: str
) -> None:
    place.state.mkdir(mode=0o700)
    run = place.state / "run" if how == "777" else place.folder / "elsewhere"
    run.mkdir(mode=0o700)
    if how != "777":
        (place.state / "run").symlink_to(run)
    with closing(trap(place, run)) as listening:
        run.chmod(0o777)
        with pytest.raises(BadRequest, match=r"chmod 700|no folder of its own"):
            async with place.client(start=False):
                pass
        done = await place.run(*SIGNALPOST, "doctor")
        assert (done.returncode, b"Traceback" in done.stderr) == (1, False)
        listening.setblocking(False)
        with pytest.raises(BlockingIOError):
            listening.accept()  # nobody came


LISTEN = """
import socket, sys
listening = socket.socket(socket.AF_UNIX)
listening.bind(sys.argv[1])
listening.listen()
print("listens", flush=True)
sys.stdin.read()
"""


@within(20)
@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
async def test_a_client_gives_nothing_to_a_listener_of_another_user(place: Place) -> None:
    endpoint.prepare(place.state)
    theirs = place.folder / "theirs"
    theirs.mkdir()
    os.chown(theirs, NOBODY, NOBODY)
    place.folder.chmod(0o711)
    path = theirs / "b.sock"
    as_nobody = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    listener = place.start(*as_nobody, "/usr/bin/python3", "-c", LISTEN, str(path))
    assert listener.stdout is not None
    said = await anyio.to_thread.run_sync(listener.stdout.readline, abandon_on_cancel=True)
    assert said == b"listens\n"
    endpoint.publish(place.state, endpoint.Published(f"ipc://{path}", "00" * 12, 1, 0.0, "1"))
    with pytest.raises(BrokerUnavailable, match="is not ours"):
        async with place.client(start=False):
            pass


# ---------------------------------------------------------------- too far, too open


@within(40)
async def test_a_data_dir_too_deep_for_a_socket_is_served_from_a_private_folder_in_tmp(
    place: Place,
) -> None:
    place.state = place.folder / ("deep" * 27)
    async with place.client("alice") as alice:
        path = Path(place.broker().endpoint.removeprefix("ipc://"))
        assert len(os.fsencode(place.state / "run" / path.name)) >= 108
        assert path.parent.parent == Path("/tmp")
        assert stat.S_IMODE(path.parent.lstat().st_mode) == 0o700
        assert (await alice.run_task("echo x", "/tmp")).state == "success"
        run = await place.run(*SIGNALPOST, "run", "echo deep")
        assert run.stdout == b"deep\n"
    stopped: Done = await place.run(*SIGNALPOST, "stop", "--force")
    assert stopped.returncode == 0
    assert not path.parent.exists()


def open_to_others(folder: Path) -> list[str]:
    """Return what group or others may do anything with."""
    found = [folder, *folder.rglob("*"), *folder.parent.glob(f"{folder.name}.*")]
    return [str(path) for path in found if path.lstat().st_mode & 0o077]


@within(40)
async def test_whatever_the_umask_nothing_of_a_broker_is_for_others_and_commands_have_it(
    place: Place,
) -> None:
    careless = ("/bin/sh", "-c", 'umask 000; exec "$@"', "sh")
    done = await place.run(*careless, *SIGNALPOST, "run", "umask; touch made")
    assert done.stdout == b"0000\n", done.stderr
    assert stat.S_IMODE((place.folder / "made").stat().st_mode) == 0o666
    async with place.client("alice", start=False) as alice:
        await alice.send("alice", "hello")
        assert (place.state / "output" / "task_1.log").exists()
        assert open_to_others(place.state) == []


@within(40)
async def test_a_run_folder_that_is_replaced_by_a_link_under_a_broker_is_not_followed(
    place: Place,
) -> None:
    elsewhere = place.folder / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    async with place.client("alice") as alice:
        shutil.move(place.state / "run", place.folder / "moved")
        (place.state / "run").symlink_to(elsewhere)
        with pytest.raises(BadRequest, match="no folder of its own"):
            async with place.client():
                pass
        await alice.ping()  # who is connected goes on
        assert os.listdir(elsewhere) == []
        (place.state / "run").unlink()
        async with place.client("bob") as bob:  # found again, as when it was removed
            await bob.send("alice", "hello")
        assert (await alice.take()).messages[0].content == "hello"
