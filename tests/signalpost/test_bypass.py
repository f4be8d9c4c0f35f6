from __future__ import annotations

import re

import pytest

from signalpost.bare_environment import PASSES, WORTH, worth_passing
from signalpost.bypass import ANYTHING, FAMILIES, INSTRUCTIONS, bypassing, in_force
from signalpost.mcp_bridge.instructions import instructions


@pytest.mark.parametrize(
    "rule",
    [
        "Bash",
        "Bash(*)",
        "Bash(gradle:*)",
        "Bash(./gradlew build)",
        "Bash(npm run test:*)",
        "Bash(make)",
        "run_shell_command(docker)",
        "run_shell_command",
        "Bash(gradle*)",
        "Bash(./gradlew *)",
        "Bash(./*)",
        "Bash(m*)",
        "Bash( npm *)",
        "Bash(* install)",
        "Bash(cd * && make *)",
        "Bash(timeout 600 make:*)",
        "Bash(CI=1 nice -n 10 ./gradlew:*)",
        "Bash(sudo:*)",
        "Bash(bash -c:*)",
        "Bash(python3.11 -m pytest:*)",
        "Bash(make list)",
        "Bash(npm)",
        ANYTHING,
    ],
)
def test_a_rule_that_lets_heavy_commands_run_unasked_is_told(rule: str) -> None:
    assert bypassing([rule]) == [rule]


@pytest.mark.parametrize(
    "rule",
    [
        "Bash(git status)",
        "Bash(ls:*)",
        "Read",
        "mcp__signalpost",
        "Bash(makeup)",
        "Bash(git*)",
        "Bash(scripts/*)",
        "Bash(bash scripts/hello.sh)",
        "Bash(sudo)",
        "Bash(python3:*)",
        "Bash(docker ps:*)",
        "Bash(kubectl get *)",
        "Bash(go version)",
        "Bash(npm --version)",
        "Bash(grep make Makefile)",
    ],
)
def test_other_rules_are_not(rule: str) -> None:
    assert bypassing([rule]) == []


def test_rules_of_strangers_are_shown_as_harmless_text() -> None:
    (shown,) = bypassing(["Bash(make \x1b]0;title\x07\ud800" + "x" * 5000 + ")"])
    assert shown.startswith("Bash(make \ufffdxx")
    assert len(shown) == 100
    assert bypassing(["Bash(API_TOKEN=sk-1 make:*)"]) == ["Bash(API_TOKEN=… make:*)"]
    assert bypassing([f"Bash({'sudo ' * 100_000})"]) == []


@pytest.mark.parametrize(
    ("refused", "left"),
    [
        ([], ["Bash(gradle:*)", "Bash(npm run build)"]),
        (["Bash(gradle:*)"], ["Bash(npm run build)"]),
        (["Bash(npm:*)"], ["Bash(gradle:*)"]),
        (["Bash(npm run *)"], ["Bash(gradle:*)"]),
        (["Bash"], []),
        (["Bash(*)"], []),
        (["Bash(gradle build:*)", "Bash(npm)", "Read", "Bash(n:*)"], None),
        (["Bash(* build)"], None),
    ],
)
def test_what_is_refused_or_asked_is_not_allowed(
    refused: list[str], left: list[str] | None
) -> None:
    allowed = ["Bash(gradle:*)", "Bash(npm run build)"]
    assert in_force(allowed, refused) == (allowed if left is None else left)


def test_every_family_that_models_are_told_of_is_known() -> None:
    families = re.search(r"your shell: (.*) and the like", instructions("")) or [""]
    told = families[1].split(", ")
    assert len(told) > 15
    assert set(told) <= set(FAMILIES)
    assert [name for name in told if bypassing([f"Bash({name}:*)"]) == []] == []


def test_the_instructions_are_short_and_name_the_tools() -> None:
    assert len(INSTRUCTIONS) < 1000
    for tool in ("run_task", "task_status", "receive_message", "send_message", "in_reply_to"):
        assert f"`{tool}`" in INSTRUCTIONS


def test_only_what_is_set_is_worth_passing_and_nothing_that_may_be_a_secret() -> None:
    assert worth_passing({"JAVA_HOME": "/j", "GOPATH": "", "API_KEY": "s"}) == ("JAVA_HOME",)
    assert not [name for name in WORTH if "KEY" in name or "TOKEN" in name or "SECRET" in name]
    assert not set(WORTH) & set(PASSES["codex"])
