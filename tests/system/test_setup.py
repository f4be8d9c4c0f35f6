"""``signalpost setup`` in a home of its own, with stand-ins for the clients' programs."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from signalpost.opencode_text import FIRST_LINE
from tests.system.home import Home
from tests.system.terminal import terminal
from tests.system.user import CODEX, User


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


@pytest.mark.parametrize("words", [(), ("--hooks",), ("--remove",)], ids=str)
def test_the_plugin_of_an_earlier_version_goes(user: User, words: tuple[str, ...]) -> None:
    folder = user.folder / ".config" / "opencode"
    user.write(".config/opencode/signalpost.js", f"{FIRST_LINE} Written by `signalpost setup`.\n")
    listed = ["mine", (folder / "signalpost.js").as_uri()]
    config = user.write(".config/opencode/opencode.json", json.dumps({"plugin": listed}))
    looked = user.setup("--dry-run", "--client", "opencode", *words)
    assert b"former plugin" not in looked.stdout
    assert b"-// Wakes an idle opencode session" in looked.stdout
    done = user.setup("--yes", "--client", "opencode", *words)
    assert done.returncode == 0, done.stderr
    assert not (folder / "signalpost.js").exists()
    assert (folder / "plugin" / "signalpost.js").exists() == (words == ("--hooks",))
    assert json.loads(config.read_bytes())["plugin"] == ["mine"]
    if words != ("--remove",):
        assert f"removed {folder / 'signalpost.js'}: former plugin".encode() in done.stdout
        again = user.setup("--yes", "--client", "opencode", *words)
        assert b"nothing to do" in again.stdout
        user.setup("--remove", "--yes", "--client", "opencode")
        assert not (folder / "signalpost.js").exists()


def test_a_look_writes_nothing(user: User) -> None:
    before = user.files()
    done = user.setup("--dry-run")
    assert done.returncode == 0
    assert b"+[mcp_servers.signalpost]" in done.stdout
    assert b"nothing was written" in done.stdout
    assert user.files() == before
    assert not user.home.state.exists()
    one = user.setup("--dry-run", "--client", "cursor")
    assert b"\n1 file would change; nothing was written\n" in one.stdout


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


def test_a_program_on_the_path_is_a_client_too(user: User) -> None:
    user.install("cursor-agent")
    user.install("copilot")
    done = json.loads(user.setup("--yes", "--hooks", "--json").stdout)
    assert done["clients"] == ["claude-code", "codex", "gemini", "cursor", "copilot", "opencode"]
    hooks = json.loads((user.folder / ".copilot/hooks/signalpost.json").read_bytes())
    assert hooks["hooks"]["agentStop"][0]["bash"].endswith(
        "--client copilot --gate tasks --data-dir " + str(user.home.state)
    )
    user.setup("--remove", "--yes")
    assert not (user.folder / ".copilot/hooks/signalpost.json").exists()
    assert not (user.folder / ".cursor/mcp.json").exists()


BY_HAND = (
    CODEX + '\n[mcp_servers.signalpost]\ncommand = "signalpost"\nargs = ["mcp", "--no-tasks"]\n'
)


@pytest.mark.parametrize("since", ["", "\n[theirs]\nx = 1\n"], ids=["by us alone", "by others"])
def test_an_entry_made_by_hand_is_kept_up_and_comes_back_as_it_was(user: User, since: str) -> None:
    path = user.write(".codex/config.toml", BY_HAND)
    user.setup("--yes", "--client", "codex")
    assert '"mcp", "--no-tasks", "--wait-budget", "3590"' in path.read_text()
    path.write_text(path.read_text() + since)
    for _ in range(2):
        removed = user.setup("--remove", "--yes", "--client", "codex")
        assert path.read_text() == BY_HAND + since
        assert b"the same once more" not in removed.stdout
        assert (
            f"{path}: its entry signalpost is not one that setup wrote".encode() in removed.stderr
        )
        assert removed.returncode == 0


def test_an_entry_of_setup_goes_also_when_its_record_is_lost(user: User) -> None:
    user.setup("--yes", "--client", "codex", "--client", "opencode")
    shutil.rmtree(user.home.state / "setup")
    done = json.loads(user.setup("--remove", "--yes", "--json").stdout)
    assert done["left"] == []
    assert b"signalpost" not in b"".join(user.files().values())


def test_what_was_changed_by_hand_between_two_runs_stays_and_every_state_has_a_copy(
    user: User,
) -> None:
    path = user.folder / ".codex" / "config.toml"
    user.setup("--yes", "--client", "codex")
    by_hand = path.read_text().replace("# mine", "# mine and mine")
    path.write_text(by_hand)
    user.setup("--yes", "--client", "codex", "--allow-all")
    copies = {copy.read_text() for copy in (user.home.state / "setup").glob("config.toml.*")}
    assert copies == {CODEX, by_hand}
    user.setup("--remove", "--yes", "--client", "codex")
    assert path.read_text() == CODEX.replace("# mine", "# mine and mine")


def test_what_is_allowed_unasked_stays_until_it_is_taken_back(user: User) -> None:
    path = user.folder / ".gemini" / "settings.json"
    for words, trusted in (
        ([], False),
        (["--allow-all"], True),
        ([], True),
        (["--no-allow-all"], False),
    ):
        assert user.setup("--yes", "--client", "gemini", *words).returncode == 0
        assert ('"trust": true' in path.read_text()) == trusted


def test_secrets_in_the_files_are_not_shown(user: User) -> None:
    with (user.folder / ".codex" / "config.toml").open("a") as file:
        file.write('[mcp_servers.docs]\nenv = { API_TOKEN = "sk-123" }\n')
    shown = user.setup("--dry-run", "--client", "codex").stdout
    assert b"API_TOKEN" in shown
    assert b"sk-123" not in shown


def test_a_person_is_asked_and_sees_the_difference_in_colour(user: User) -> None:
    before = user.files()
    with terminal(user.home, "setup", "--client", "codex") as there:
        seen = there.until(b"Make these changes?")
        assert b"\x1b[32m+[mcp_servers.signalpost]" in seen
        there.type(b"n\n")
        assert there.end() == 1
    assert user.files() == before
    with terminal(user.home, "setup", "--client", "codex") as there:
        there.until(b"Make these changes?")
        there.type(b"y\n")
        assert there.end() == 0
    assert "mcp_servers.signalpost" in (user.folder / ".codex/config.toml").read_text()


def test_a_file_that_changes_while_the_person_thinks_is_left(user: User) -> None:
    path = user.folder / ".codex" / "config.toml"
    with terminal(
        user.home, "setup", "--client", "codex", "--no-hooks", "--no-instructions"
    ) as there:
        there.until(b"Make these changes?")
        path.write_text(CODEX + "# new\n")
        there.type(b"y\n")
        assert there.end() == 1
        assert b"has changed meanwhile" in there.seen
    assert path.read_text() == CODEX + "# new\n"


def test_instructions_can_go_into_the_projects_own_file(user: User) -> None:
    done = user.setup("--yes", "--project", "--client", "codex", "--client", "opencode")
    assert done.returncode == 0
    notes = (user.home.folder / "AGENTS.md").read_text()
    assert notes.count("signalpost: begin") == 1
    assert "run_task" in notes
    assert not (user.folder / ".codex/AGENTS.md").exists()
    user.setup("--remove", "--yes", "--project")
    assert not (user.home.folder / "AGENTS.md").exists()


def test_how_clients_are_to_start_it_can_be_said(user: User) -> None:
    runner = user.install("uvx")
    user.setup("--yes", "--client", "opencode", "--command", "uvx --from '/my src' signalpost")
    entry = json.loads((user.folder / ".config/opencode/opencode.json").read_bytes())["mcp"]
    words = entry["signalpost"]["command"]
    assert words[:5] == [str(runner), "--from", "/my src", "signalpost", "mcp"]
    again = user.setup(
        "--yes", "--client", "opencode", "--command", "uvx --from '/my src' signalpost"
    )
    assert b"nothing to do" in again.stdout
    refused = user.setup("--yes", "--command", "/no/such/program")
    assert refused.returncode == 2
    assert b"no program on PATH" in refused.stderr


def test_a_name_is_for_one_client(user: User) -> None:
    assert b"--client" in user.setup("--yes", "--agent", "alice").stderr
    assert user.setup("--yes", "--agent", "alice", "--client", "gemini").returncode == 0
    assert '"mcp", "alice"' in (user.folder / ".gemini/settings.json").read_text()
