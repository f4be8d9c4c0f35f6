"""``signalpost setup`` and files that are not as one expects them."""

from __future__ import annotations

import json
import os
import pwd
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from signalpost.setup_run import this_place
from tests.system.home import Home
from tests.system.user import CODEX, User


@pytest.fixture
def user(home: Home) -> User:
    return User(home)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_a_file_of_somebody_else_is_left(user: User) -> None:
    path = user.folder / ".codex" / "config.toml"
    os.chown(path, 12345, -1)
    done = user.setup("--yes", "--client", "codex")
    assert done.returncode == 1
    assert b"belongs to another user" in done.stderr
    assert path.read_text() == CODEX


NO_CONFIGURATIONS: dict[str, tuple[Callable[[Path], object], bytes]] = {
    "a loop": (lambda path: path.symlink_to(path), b"cannot read it"),
    "a folder": (lambda path: path.mkdir(), b"it is a folder, not a file"),
    "a fifo": (os.mkfifo, b"it is a named pipe, not a file"),
    "UTF-16": (lambda path: path.write_bytes(b"\xff\xfe{"), b"no UTF-8"),
    "a list": (lambda path: path.write_text("[]"), b"no object"),
}


@pytest.mark.parametrize(("make", "told"), NO_CONFIGURATIONS.values(), ids=NO_CONFIGURATIONS)
def test_what_is_no_such_file_is_left(
    user: User, make: Callable[[Path], object], told: bytes
) -> None:
    path = user.folder / ".gemini" / "settings.json"
    path.unlink()
    make(path)
    done = user.setup("--yes", "--client", "gemini")
    assert done.returncode == 1
    assert told in done.stderr


def test_runs_at_the_same_time_wait_for_each_other_and_lose_nothing(user: User) -> None:
    before = user.files()
    clients = ("claude-code", "codex", "gemini", "opencode", "cursor", "amp")
    runs = [user.home.start("setup", "--yes", "--client", client) for client in clients]
    runs += [user.home.start("setup", "--yes", "--client", "codex") for _ in range(3)]
    for run in runs:
        assert run.wait(60) == 0
    assert user.setup("--remove", "--yes").returncode == 0
    assert user.files() == before


def test_a_file_with_two_names_is_written_once(user: User) -> None:
    notes = user.write(".claude/CLAUDE.md", "# Mine\n")
    (user.folder / ".codex" / "AGENTS.md").symlink_to(notes)
    before = user.files()
    done = user.setup("--yes")
    assert done.returncode == 0, done.stderr
    assert notes.read_text().count("signalpost: begin") == 1
    removed = user.setup("--remove", "--yes", "--client", "codex")
    assert removed.returncode == 0, removed.stderr
    assert notes.read_text() == "# Mine\n"
    user.setup("--remove", "--yes")
    assert user.files() == before


@pytest.mark.parametrize("more", [[], ["--json"]], ids=["text", "json"])
def test_who_stands_in_a_folder_that_was_removed_is_told_all_the_same(
    user: User, more: list[str]
) -> None:
    gone = user.folder / "gone"
    setup = shlex.join(user.home.words("setup", "--yes", "--client", "gemini", *more))
    stands = f"mkdir {gone}; cd {gone}; rmdir {gone}; {setup}"
    done = subprocess.run(
        ["/bin/sh", "-c", stands], env=user.home.environment, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"gemini" in done.stdout


def test_the_folders_that_were_made_go_as_well(user: User) -> None:
    before = {*user.folder.rglob("*")}
    user.setup("--yes", "--client", "windsurf", "--client", "cline")
    (user.folder / ".codeium" / "theirs").touch()
    user.setup("--remove", "--yes")
    theirs = {user.folder / ".codeium", user.folder / ".codeium" / "theirs"}
    assert {*user.folder.rglob("*")} - before == theirs


def test_files_that_another_variable_named_are_told_when_all_is_taken_back(user: User) -> None:
    elsewhere = user.folder / "elsewhere"
    user.home.environment["CODEX_HOME"] = str(elsewhere)
    user.setup("--yes", "--client", "codex")
    del user.home.environment["CODEX_HOME"]
    told = user.setup("--remove", "--yes").stderr.decode()
    assert f"{elsewhere / 'config.toml'} still has what setup wrote into it" in told
    user.home.environment["CODEX_HOME"] = str(elsewhere)
    assert user.setup("--remove", "--yes").stderr == b""
    assert not elsewhere.exists()


@pytest.mark.parametrize("named", ["", "relative"])
def test_a_home_that_leads_nowhere_counts_for_nothing(
    monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    monkeypatch.setenv("HOME", named)
    assert this_place().home == Path(pwd.getpwuid(os.getuid()).pw_dir)


@pytest.mark.parametrize("name", [".claude.json", ".cursor/mcp.json"])
def test_an_entry_made_by_hand_is_left_where_nothing_was_set_up(user: User, name: str) -> None:
    entry = {"command": "signalpost", "args": ["mcp", "alice"]}
    path = user.write(name, json.dumps({"mcpServers": {"signalpost": entry}}))
    before = user.files()
    looked = user.setup("--remove", "--dry-run")
    assert b"left as it is" in looked.stderr
    done = json.loads(user.setup("--remove", "--yes", "--json").stdout)
    assert (done["files"], done["left"]) == ([], [str(path)])
    assert user.files() == before
