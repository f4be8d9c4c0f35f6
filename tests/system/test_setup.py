"""``signalpost setup`` in a home of its own, with stand-ins for the clients' programs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.system.home import Done, Home

CODEX = '# mine\nmodel = "gpt-5"\n'
CLAUDE = '{\n  "permissions": {\n    "allow": ["Bash(gradle:*)", "Read"]\n  }\n}\n'
GEMINI = '{\n  // mine\n  "theme": "dark",\n}\n'
_OTHERS = ("XDG_CONFIG_HOME", "GEMINI_CLI_HOME", "COPILOT_HOME", "CLINE_MCP_SETTINGS_PATH")


class User:
    """Somebody with a home, where some clients are installed."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.folder = home.folder / "user"
        self._write(".codex/config.toml", CODEX)
        self._write(".claude/settings.json", CLAUDE)
        self._write(".gemini/settings.json", GEMINI)
        (self.folder / ".config" / "opencode").mkdir(parents=True)
        for name in (*_OTHERS, "CODEX_HOME", "CLAUDE_CONFIG_DIR"):
            home.environment.pop(name, None)
        home.environment |= {"HOME": str(self.folder), "PATH": "/usr/bin:/bin", "JAVA_HOME": "/j"}

    def _write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def files(self) -> dict[str, bytes]:
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file()
        }

    def setup(self, *words: str) -> Done:
        return self.home.run("setup", *words)


@pytest.fixture
def user(home: Home) -> User:
    return User(home)


def test_what_is_installed_is_set_up_once_and_taken_back_to_the_last_byte(user: User) -> None:
    before = user.files()
    done = user.setup("--yes")
    assert done.returncode == 0, done.stderr
    after = user.files()
    assert set(after) - set(before) == {
        ".claude.json",
        ".claude/CLAUDE.md",
        ".codex/hooks.json",
        ".codex/AGENTS.md",
        ".gemini/GEMINI.md",
        ".config/opencode/opencode.json",
        ".config/opencode/AGENTS.md",
    }
    assert b"JAVA_HOME" in after[".codex/config.toml"]
    assert b"Bash(gradle:*) lets heavy commands go past the queue" in done.stdout
    again = user.setup("--yes")
    assert b"nothing to do" in again.stdout
    assert user.files() == after
    removed = user.setup("--remove", "--yes")
    assert removed.returncode == 0, removed.stderr
    assert user.files() == before


def test_what_was_changed_by_hand_since_keeps_that_and_loses_only_what_is_ours(user: User) -> None:
    user.setup("--yes")
    path = user.folder / ".codex" / "config.toml"
    path.write_text(path.read_text() + "\n[mine]\nx = 1\n")
    notes = user.folder / ".claude" / "CLAUDE.md"
    notes.write_text("# Mine\n" + notes.read_text())
    user.setup("--remove", "--yes")
    assert path.read_text() == CODEX + "\n[mine]\nx = 1\n"
    assert notes.read_text().strip() == "# Mine"


def test_a_look_writes_nothing(user: User) -> None:
    before = user.files()
    done = user.setup("--dry-run")
    assert done.returncode == 0
    assert b"+[mcp_servers.signalpost]" in done.stdout
    assert b"nothing was written" in done.stdout
    assert user.files() == before
    assert not user.home.state.exists()


def test_without_a_terminal_it_does_nothing_that_was_not_agreed_to(user: User) -> None:
    before = user.files()
    done = user.setup()
    assert done.returncode == 2
    assert b"--yes" in done.stderr
    assert user.files() == before


def test_a_file_that_is_broken_is_told_with_its_place_and_the_others_go_on(user: User) -> None:
    path = user.folder / ".gemini" / "settings.json"
    path.write_text('{\n  "theme": \n}')
    done = user.setup("--yes")
    assert done.returncode == 1
    assert b".gemini/settings.json: left as it is: no valid JSON at line 3, column 1" in done.stderr
    assert path.read_text() == '{\n  "theme": \n}'
    assert b"signalpost" in (user.folder / ".codex" / "config.toml").read_bytes()


def test_a_file_that_is_read_only_is_left(user: User) -> None:
    path = user.folder / ".codex" / "config.toml"
    path.chmod(0o444)
    done = user.setup("--yes", "--client", "codex")
    assert done.returncode == 1
    assert b"read-only" in done.stderr
    assert path.read_text() == CODEX


def test_a_link_stays_a_link_and_a_mode_a_mode(user: User) -> None:
    path, real = user.folder / ".codex" / "config.toml", user.folder / "dotfiles.toml"
    path.rename(real)
    real.chmod(0o640)
    path.symlink_to(real)
    assert user.setup("--yes", "--client", "codex").returncode == 0
    assert path.is_symlink()
    assert b"signalpost" in real.read_bytes()
    assert real.stat().st_mode & 0o777 == 0o640


def test_a_program_reads_what_was_done(user: User) -> None:
    done = json.loads(user.setup("--yes", "--json", "--client", "codex").stdout)
    assert done["clients"] == ["codex"]
    assert [Path(file["path"]).name for file in done["files"]] == [
        "config.toml",
        "hooks.json",
        "AGENTS.md",
    ]
    assert all(file["changed"] for file in done["files"])
    assert done["problems"] == []
    assert done["bypassing"] == ["Bash(gradle:*)"]


def test_no_client_at_all_is_told(home: Home) -> None:
    empty = home.folder / "nobody"
    empty.mkdir()
    home.environment |= {"HOME": str(empty), "PATH": os.defpath}
    done = home.run("setup", "--yes")
    assert done.returncode == 2
    assert b"Name it with --client: claude-code, " in done.stderr


def test_copies_of_the_old_files_are_the_users_alone(user: User) -> None:
    user.setup("--yes")
    copies = list((user.home.state / "setup").iterdir())
    assert CODEX.encode() in [copy.read_bytes() for copy in copies]
    assert {copy.stat().st_mode & 0o777 for copy in copies} == {0o600}
