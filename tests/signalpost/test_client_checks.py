from __future__ import annotations

from typing import Any

import pytest

from signalpost import client_checks
from signalpost.checks import Check
from signalpost.client_checks import Greeting

PROGRAM = "/opt/bin/signalpost"
ENTRY: dict[str, Any] = {"command": PROGRAM, "args": ["mcp"]}
WELL = Greeting("1.0")


def server(
    entry: dict[str, Any] | None, program: str = PROGRAM, greeting: Greeting | None = WELL
) -> Check:
    return client_checks.server("codex", "/c.toml", entry, program, greeting, "1.0")


def test_a_server_that_answers_in_this_version_is_well() -> None:
    check = server(ENTRY)
    assert (check.state, check.found) == ("ok", f"{PROGRAM} mcp answers as 1.0")


def test_no_secret_among_the_words_is_shown() -> None:
    words = ["API_KEY=sk-1", PROGRAM, "mcp"]
    for check in (
        server({"command": "env", "args": words}),
        server({"command": "env", "args": words}, greeting=Greeting(problem="no answer")),
        server({"command": "npx", "args": ["x", "--token", "sk-1"]}),
    ):
        assert "sk-1" not in check.found + check.remedy


def test_a_client_without_the_server_is_told_how_to_get_it_and_is_not_wrong() -> None:
    check = server(None)
    assert check.state == "ok"
    assert check.found == "none in /c.toml; signalpost setup --client codex connects it"


@pytest.mark.parametrize(
    ("check", "state", "remedy"),
    [
        (server({"command": "npx", "args": ["signalpost-clone"]}), "wrong", "not Signalpost"),
        (server(ENTRY, program=""), "wrong", "no such program any more"),
        (server({**ENTRY, "enabled": False}), "warning", "Switch it on"),
        (server({**ENTRY, "disabled": True}), "warning", "Switch it on"),
        (server(ENTRY, greeting=Greeting("0.9")), "warning", "as 0.9, this program is 1.0"),
        (server(ENTRY, greeting=Greeting(problem="no answer")), "wrong", f"{PROGRAM} mcp"),
    ],
)
def test_what_is_wrong_with_a_server_is_told_with_the_remedy(
    check: Check, state: str, remedy: str
) -> None:
    assert check.state == state
    assert remedy in check.remedy


@pytest.mark.parametrize(
    ("client", "more", "options", "state"),
    [
        ("codex", {}, [], "ok"),
        ("codex", {"tool_timeout_sec": 60}, [], "wrong"),
        ("codex", {"tool_timeout_sec": 60.0}, ["--wait-budget", "55"], "ok"),
        ("codex", {"tool_timeout_sec": 3600}, ["--wait-budget=3590"], "ok"),
        ("codex", {"tool_timeout_sec": 3600}, ["--wait-budget", "0"], "wrong"),
        ("codex", {}, ["--wait-budget", "much"], "ok"),
        ("gemini", {"timeout": 600_000}, [], "ok"),
        ("gemini", {"timeout": 60_000}, [], "wrong"),
        ("cline", {}, [], "ok"),
        ("cline", {"timeout": 3600}, ["--wait-budget", "3590"], "ok"),
        ("copilot", {}, [], "ok"),
        ("claude-code", {"timeout": 600_000}, [], "wrong"),
        ("claude-code", {"timeout": 600_000}, ["--wait-budget", "500"], "ok"),
        ("claude-code", {"timeout": 10**400}, ["--wait-budget", "500"], "ok"),
        ("codex", {"tool_timeout_sec": 0}, [], "ok"),
        ("codex", {"tool_timeout_sec": -5}, [], "ok"),
        ("gemini", {"timeout": float("nan")}, [], "ok"),
    ],
)
def test_a_call_must_be_answered_before_the_client_gives_up(
    client: str, more: dict[str, Any], options: list[str], state: str
) -> None:
    entry = {**ENTRY, "args": ["mcp", *options], **more}
    check = client_checks.limit(client, entry, {})
    assert check is not None
    assert check.state == state


@pytest.mark.parametrize("client", ["claude-code", "opencode", "cursor", "vscode"])
def test_a_client_that_sets_no_limit_has_none_to_judge(client: str) -> None:
    assert client_checks.limit(client, ENTRY, {}) is None


def test_hooks_are_judged_by_what_is_missing_gone_or_switched_off() -> None:
    def hooks(missing: list[str], some: bool = True, off: str = "", gone: str = "") -> str:
        return client_checks.hooks("codex", missing, some=some, off=off, gone=gone).state

    assert hooks([]) == "ok"
    assert hooks(["Stop"], some=False) == "ok"
    assert hooks(["Stop"]) == "warning"
    assert hooks([], off="not trusted") == "warning"
    assert hooks([], gone="/old/signalpost") == "wrong"


def test_what_commands_see_is_told_by_name_and_never_by_value() -> None:
    entry = {**ENTRY, "env_vars": ["JAVA_HOME", "GONE", {"name": "GOPATH"}], "env": {"A": "secret"}}
    here = {"JAVA_HOME": "/secret", "GOPATH": "/secret", "KUBECONFIG": "/secret"}
    check = client_checks.environment("codex", entry, here, ["JAVA_HOME", "GOPATH", "KUBECONFIG"])
    assert check.found == ("commands see HOME LANG PATH SHELL TERM TMPDIR USER JAVA_HOME GOPATH A")
    assert check.state == "warning"
    assert check.remedy.startswith("Set here and not passed on: KUBECONFIG.")


def test_a_login_shell_passes_on_what_the_client_does_not() -> None:
    entry = {**ENTRY, "args": ["mcp", "--login-env"]}
    check = client_checks.environment("cline", entry, {}, ["JAVA_HOME"])
    assert check.state == "ok"
    assert check.found.endswith("and what your login shell sets")


def test_most_clients_pass_on_all_they_have() -> None:
    check = client_checks.environment("opencode", ENTRY, {}, ["JAVA_HOME"])
    assert (check.state, check.found) == ("ok", "commands see that of the client")


def test_older_bridges_and_bypassing_rules_are_named() -> None:
    assert client_checks.stale([], "now") is None
    check = client_checks.stale([(7, "codex")], "2026-11-26 02:00")
    assert check is not None
    assert check.found == "older: 7 (codex)"
    assert client_checks.bypass([], []).state == "ok"
    assert client_checks.bypass(["Bash(make:*)"], []).found == "Bash(make:*)"
    assert client_checks.bypass(["Bash"] * 25, []).found.endswith("Bash, 5 more")


def test_of_permissions_that_cannot_be_read_nothing_is_claimed() -> None:
    none, one = client_checks.bypass([], ["/s"]), client_checks.bypass(["Bash"], ["/s", "/t"])
    assert (none.state, none.remedy) == ("warning", "Mend /s.")
    assert none.found == "none is known; not all could be read"
    assert one.found == "Bash; not all could be read"
    assert one.remedy.endswith("remove them from its settings. Mend /s and /t.")
