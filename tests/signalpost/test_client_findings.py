from __future__ import annotations

import pytest

from signalpost import client_findings
from signalpost.client_findings import Findings, limit_problem, verdict, words_of

ENTRY = {"command": "/opt/signalpost", "args": ["mcp"]}
GOOD = {"title": "Codex", "name": "codex", "entry": ENTRY, "version": "1.0"}


def judged(**found: object) -> tuple[str, str, str]:
    check = verdict(Findings(**{**GOOD, **found}), "1.0")  # type: ignore[arg-type]
    return check.state, check.found, check.remedy


def test_a_client_that_is_well_set_up_is_so() -> None:
    assert judged(hooks=5, hooks_wanted=5) == ("ok", "version 1.0, 5 hooks", "")


@pytest.mark.parametrize(
    ("found", "state", "told"),
    [
        ({"entry": None}, "ok", "without Signalpost"),
        ({"broken": "no valid JSON at line 2"}, "wrong", "line 2"),
        ({"missing_program": "/opt/signalpost"}, "wrong", "which is not there"),
        ({"version": ""}, "wrong", "/opt/signalpost mcp, which does not answer"),
        ({"version": "0.9"}, "warning", "version 0.9"),
        ({"hooks": 4, "hooks_wanted": 5}, "warning", "4 of 5 hooks"),
        ({"entry": {**ENTRY, "tool_timeout_sec": 60}}, "warning", "gives up after 60 s"),
    ],
)
def test_what_is_wrong_is_told_with_what_to_do(
    found: dict[str, object], state: str, told: str
) -> None:
    seen, text, remedy = judged(**found)
    assert (seen, told in text) == (state, True)
    assert "signalpost setup --client codex" in remedy or "Mend" in remedy


@pytest.mark.parametrize(
    ("client", "entry", "fits"),
    [
        ("codex", {}, True),
        ("codex", {"tool_timeout_sec": 3600, "args": ["mcp", "--wait-budget", "3590"]}, True),
        ("codex", {"tool_timeout_sec": 3600, "args": ["mcp", "--wait-budget", "3600"]}, False),
        ("codex", {"args": ["mcp", "--wait-budget", "0"]}, False),
        ("gemini", {"timeout": 600_000}, True),
        ("gemini", {"timeout": 60_000}, False),
        ("cline", {"timeout": 60}, True),
        ("claude-code", {"args": ["mcp", "--wait-budget", "9"]}, True),
    ],
)
def test_a_server_must_answer_before_its_client_gives_up(
    client: str, entry: dict[str, object], fits: bool
) -> None:
    assert (limit_problem(client, entry) == "") == fits


def test_an_entry_is_read_in_every_form() -> None:
    assert words_of({"command": ["/a", "mcp"], "type": "local"}) == ["/a", "mcp"]
    assert words_of({"command": "/a", "args": ["mcp", "x"]}) == ["/a", "mcp", "x"]
    assert words_of({"command": "/a"}) == ["/a"]


def test_it_tells_which_variables_commands_will_see() -> None:
    environment = {"HOME": "/h", "PATH": "/b", "JAVA_HOME": "/j", "SECRET": "s"}
    entry = {**ENTRY, "env_vars": ["JAVA_HOME"], "env": {"CI": "1"}}
    assert client_findings.variables(environment, entry).found == "HOME PATH JAVA_HOME CI"
    completed = {**ENTRY, "args": ["mcp", "--login-env"]}
    assert client_findings.variables(environment, completed).found.endswith("login shell sets")


def test_old_bridges_and_rules_past_the_queue_are_named() -> None:
    assert client_findings.stale([]).state == "ok"
    assert "7, 8" in client_findings.stale([7, 8]).found
    assert client_findings.bypassed([]) == []
    assert client_findings.bypassed(["Bash(make)"])[0].state == "warning"
