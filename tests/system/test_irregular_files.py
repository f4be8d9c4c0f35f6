"""What is no file, or a far too large one, where a file is looked for by its path.

Nothing waits for it and nothing reads it whole: a command goes on without it, or refuses and
names it. A command that does wait is ended by :data:`tests.system.home.SECONDS`.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.system.home import Home


def listening(path: Path) -> None:
    """Bind by a short name: the path may be too long for a socket."""
    with closing(socket.socket(socket.AF_UNIX)) as made:
        before = Path.cwd()
        os.chdir(path.parent)
        made.bind(path.name)
        os.chdir(before)


def huge(path: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 30)


KINDS: dict[str, tuple[Callable[[Path], object], bytes]] = {
    "a pipe": (os.mkfifo, b"it is a named pipe, not a file"),
    "a folder": (Path.mkdir, b"it is a folder, not a file"),
    "a socket": (listening, b"it is a socket, not a file"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), b"it is a device, not a file"),
    "a gigabyte": (huge, b"it is larger than 1 MiB"),
}


def once_used(home: Home) -> None:
    """Have a broker run and stop here."""
    assert home.run("run", "true").returncode == 0
    assert home.run("stop").returncode == 0


@pytest.mark.parametrize(("make", "told"), KINDS.values(), ids=KINDS)
def test_settings_that_are_no_file_are_refused_and_named(
    home: Home, make: Callable[[Path], object], told: bytes
) -> None:
    home.state.mkdir(mode=0o700)
    path = home.state / "config.toml"
    make(path)
    words = b"%s cannot be read: %s. Correct it or remove it." % (os.fsencode(path), told)
    for command in (("broker",), ("run", "true")):
        done = home.run(*command)
        assert done.returncode != 0
        assert words in done.stderr
        assert b"Traceback" not in done.stderr
    found = json.loads(home.run("doctor", "--json").stdout)["checks"]
    check = next(check for check in found if check["name"] == "config.toml")
    assert (check["state"], check["remedy"]) == ("wrong", words.decode())


@pytest.mark.parametrize(
    "name", ["state.lock", "state.start", "state/broker.log", "state/store.id"]
)
def test_what_a_broker_cannot_do_without_is_refused_and_named(home: Home, name: str) -> None:
    once_used(home)
    path = home.folder / name
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    done = home.run("run", "true")
    assert done.returncode != 0
    assert os.fsencode(path) in done.stderr
    assert b"it is a named pipe, not a file" in done.stderr
    assert b"Traceback" not in done.stderr
    assert home.run("doctor").returncode in (0, 1)
    path.unlink()
    assert home.run("run", "true").returncode == 0


SPARED = (
    "run/broker.json",
    "run/task_7.running",
    "run/task_8.exit",
    "signalpost-logs.json",
    "store.ballast",
    "unread.json",
)


def test_without_what_it_writes_anew_or_can_spare_a_broker_goes_on(home: Home) -> None:
    once_used(home)
    for name in SPARED:
        (home.state / name).unlink(missing_ok=True)
        os.mkfifo(home.state / name)
    for command in (("doctor",), ("run", "echo on"), ("agents",), ("doctor",), ("stop",)):
        done = home.run(*command)
        assert done.returncode == 0, done
    assert b"Traceback" not in (home.state / "broker.log").read_bytes()


@pytest.mark.parametrize("name", ["signalpost-logs.json", "signalpost-logs.json.1"])
def test_a_log_that_is_no_file_is_named_and_not_waited_for(home: Home, name: str) -> None:
    home.state.mkdir(mode=0o700)
    (home.state / "signalpost-logs.json").write_text("")
    path = home.state / name
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    done = home.run("logs")
    assert done.returncode != 0
    assert b"%s cannot be read: it is a named pipe" % os.fsencode(path) in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_log_of_pty_that_is_no_file_is_named_before_the_program_starts(home: Home) -> None:
    home.state.mkdir(mode=0o700)
    os.mkfifo(home.state / "pty.log")
    done = home.run("pty", "--agent", "alice", "--", "true")
    assert done.returncode != 0
    assert b"pty.log: it is a named pipe, not a file. Move it away." in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_record_of_setup_that_is_no_file_holds_up_nothing(home: Home) -> None:
    (home.folder / "home" / ".codex").mkdir(parents=True)
    home.environment.pop("CODEX_HOME", None)
    place = home.state / "setup"
    place.mkdir(parents=True)
    os.mkfifo(place / "setup.json")
    for folder in (home.state, place):
        folder.chmod(0o700)
    done = home.run("setup", "--yes", "--client", "codex")
    assert done.returncode == 1
    assert b"setup.json: cannot read it: it is a named pipe, not a file" in done.stderr
    assert home.run("setup", "--remove", "--yes", "--client", "codex").returncode == 0


def test_a_copy_of_setup_that_is_no_file_is_named(home: Home) -> None:
    config = home.folder / "home" / ".codex" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("# mine\n")
    home.environment.pop("CODEX_HOME", None)
    assert home.run("setup", "--yes", "--client", "codex").returncode == 0
    (copy,) = (home.state / "setup").glob("config.toml.*")
    copy.unlink()
    os.mkfifo(copy)
    done = home.run("setup", "--remove", "--yes", "--client", "codex")
    assert done.returncode == 1
    assert b"%s, cannot be read: it is a named pipe" % os.fsencode(copy) in done.stderr


@pytest.mark.parametrize("name", ["CLAUDE.md", "settings.json"])
def test_a_file_of_a_client_that_is_no_file_is_left_and_named(home: Home, name: str) -> None:
    folder = home.folder / "home" / ".claude"
    folder.mkdir(parents=True)
    home.environment.pop("CLAUDE_CONFIG_DIR", None)
    os.mkfifo(folder / name)
    done = home.run("setup", "--yes", "--client", "claude-code")
    assert done.returncode == 1
    told = b"%s: left as it is: cannot read it: it is a named pipe" % os.fsencode(folder / name)
    assert told in done.stderr
    assert home.run("doctor").returncode in (0, 1)
