"""``signalpost doctor`` about the agents' clients, and its probe, with real processes."""

from __future__ import annotations

import json

import pytest

from tests.system.home import Home, line_of
from tests.system.user import User


@pytest.fixture
def user(home: Home) -> User:
    return User(home)


def checks(user: User) -> dict[str, dict[str, str]]:
    found = json.loads(user.home.run("doctor", "--json").stdout)
    return {check["name"]: check for check in found["checks"]}


def test_it_says_who_is_set_up_by_starting_what_the_client_would_start(user: User) -> None:
    assert user.setup("--yes").returncode == 0
    after = checks(user)
    for client in ("claude-code", "codex", "gemini", "opencode"):
        assert after[f"{client} server"]["state"] == "ok", after
        assert " answers as " in after[f"{client} server"]["found"]
    assert "JAVA_HOME" in after["codex environment"]["found"].split()
    assert after["claude-code permissions"]["found"] == "Bash(gradle:*)"


def test_an_entry_that_runs_nothing_is_wrong(user: User) -> None:
    user.setup("--yes", "--client", "codex")
    path = user.folder / ".codex" / "config.toml"
    text = path.read_text()
    command = next(line for line in text.splitlines() if line.startswith("command = "))
    path.write_text(text.replace(command, 'command = "/no/such/signalpost"'))
    assert checks(user)["codex server"]["state"] == "wrong"


def test_a_probe_says_who_was_reached_and_by_what_way(home: Home) -> None:
    waiting = home.start("receive", "--timeout", "60")
    home.run("agents")
    reached = home.run("doctor", "--wake", "person")
    assert reached.returncode == 0, reached.stdout
    assert b"has the probe" in reached.stdout
    assert b"a probe" in line_of(waiting) + (waiting.stdout.readline() if waiting.stdout else b"")


def test_nobody_of_that_name_is_an_error(home: Home) -> None:
    home.run("send", "person", "so that a broker runs")
    done = home.run("doctor", "--wake", "nobody")
    assert done.returncode == 2
    assert b"UNKNOWN_AGENT" in done.stderr
