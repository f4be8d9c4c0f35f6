from __future__ import annotations

import re

import pytest

from signalpost.bare_environment import PASSES, WORTH, worth_passing
from signalpost.bypass import FAMILIES, INSTRUCTIONS, bypassing
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
    ],
)
def test_a_rule_that_lets_heavy_commands_run_unasked_is_told(rule: str) -> None:
    assert bypassing([rule]) == [rule]


@pytest.mark.parametrize(
    "rule", ["Bash(git status)", "Bash(ls:*)", "Read", "mcp__signalpost", "Bash(makeup)"]
)
def test_other_rules_are_not(rule: str) -> None:
    assert bypassing([rule]) == []


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
