"""What ``signalpost doctor`` says of clients that are really there, after setup and after accidents."""

from __future__ import annotations

import json

import pytest

from tests.system.home import Home
from tests.system.user import User


@pytest.fixture
def user(home: Home) -> User:
    return User(home)


def checks(user: User) -> dict[str, dict[str, str]]:
    found = json.loads(user.home.run("doctor", "--json").stdout)["checks"]
    return {check["name"]: check for check in found}


def test_before_setup_every_client_is_told_how_to_be_connected(user: User) -> None:
    found = checks(user)
    for client in ("claude-code", "codex", "gemini", "opencode"):
        assert (
            f"signalpost setup --client {client} connects it" in found[f"{client} server"]["found"]
        )
    assert found["claude-code permissions"]["found"] == "Bash(gradle:*)"
    assert found["claude-code permissions"]["state"] == "warning"
    assert not [check for check in found.values() if check["state"] == "wrong"]


def test_after_setup_every_server_answers_and_nothing_is_wrong(user: User) -> None:
    before = {**user.files()}
    user.setup("--yes")
    after = user.files()
    found = checks(user)
    assert user.files() == after != before
    for client in ("claude-code", "codex", "gemini", "opencode"):
        assert found[f"{client} server"]["found"].endswith("answers as 0.1.0")
    assert found["codex limit"]["found"] == "gives up after 3600 s, is answered after 3590 s"
    assert "JAVA_HOME" in found["codex environment"]["found"]
    assert found["claude-code hooks"]["found"] == found["gemini hooks"]["found"] == "there"
    assert "trust" in found["codex hooks"]["remedy"]
    assert not [check for check in found.values() if check["state"] == "wrong"]


def test_accidents_are_found(user: User) -> None:
    old = user.install("old-signalpost")
    answer = '{"id":1,"result":{"serverInfo":{"version":"0.0.1"}}}'
    older = user.install("older/signalpost", f"read line; echo '{answer}'")
    user.setup("--yes", "--client", "gemini", "--command", str(older))
    user.setup("--yes", "--client", "codex", "--command", f"{old} -m signalpost")
    old.unlink()
    codex = user.folder / ".codex" / "config.toml"
    codex.write_text(codex.read_text().replace("tool_timeout_sec = 3600", "tool_timeout_sec = 60"))
    user.write(".claude.json", '{"mcpServers": ')
    user.write(".config/opencode/opencode.json", '{"mcp": {"signalpost": {"command": ["x", "y"]}}}')
    found = checks(user)
    assert found["gemini server"]["state"] == "warning"
    assert "answers as 0.0.1, this program is 0.1.0" in found["gemini server"]["remedy"]
    assert "no such program any more" in found["codex server"]["remedy"]
    assert found["codex limit"]["state"] == "wrong"
    assert found["codex hooks"]["state"] == "wrong"
    assert "no valid JSON at line 1" in found["claude-code server"]["remedy"]
    assert "not Signalpost" in found["opencode server"]["remedy"]
    assert user.home.run("doctor").returncode == 1


def test_hooks_that_are_switched_off_or_half_there_are_found(user: User) -> None:
    user.setup("--yes")
    claude, gemini = user.folder / ".claude/settings.json", user.folder / ".gemini/settings.json"
    claude.write_text(claude.read_text().replace("{", '{ "disableAllHooks": true,', 1))
    gemini.write_text(gemini.read_text().replace("AfterAgent", "AfterAgentNoMore"))
    trust = '\n[hooks.state."PATH:stop:0:0"]\ntrusted_hash = "sha256:0"\n'
    codex = user.folder / ".codex"
    with (codex / "config.toml").open("a") as file:
        file.write(trust.replace("PATH", str(codex / "hooks.json")))
    found = checks(user)
    assert "disableAllHooks" in found["claude-code hooks"]["remedy"]
    assert found["gemini hooks"]["found"] == "none of ours at AfterAgent"
    assert found["codex hooks"]["found"] == "there"


def test_hooks_without_a_server_are_found(user: User) -> None:
    user.setup("--yes", "--no-entry", "--client", "claude-code")
    found = checks(user)
    assert found["claude-code server"]["state"] == "warning"
    assert "Its hooks find no agent without it" in found["claude-code server"]["remedy"]
