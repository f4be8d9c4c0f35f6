from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalpost.jsonc_tree import Plain
from signalpost.server_entry import ServerEntry, mcp_words, words_of

WORDS = st.lists(
    st.sampled_from(
        [
            "mcp",
            "carol",
            "--no-tasks",
            "--login-env",
            "--queue",
            "a=1",
            "--wait-budget=9",
            "--data-dir",
            "/d",
            "-x",
        ]
    ),
    max_size=8,
)


@pytest.mark.parametrize(
    ("words", "agent", "options"),
    [
        (["signalpost", "mcp"], "", {}),
        (["signalpost", "mcp", "carol", "--no-tasks"], "carol", {"--no-tasks": ""}),
        (["x", "mcp", "--queue", "a=1", "--queue=b=2"], "", {"--queue": "a=1\nb=2"}),
        (["x", "mcp", "--login-env", "carol"], "carol", {"--login-env": ""}),
        (["x", "mcp", "--wait-budget"], "", {"--wait-budget": ""}),
        (["x", "run", "--queue", "a"], "", {}),
    ],
)
def test_the_words_behind_mcp_are_understood(
    words: list[str], agent: str, options: dict[str, str]
) -> None:
    assert mcp_words(words) == (agent, options)


def test_a_command_line_is_found_in_every_form() -> None:
    assert words_of({"command": "a", "args": ["b", 1]}) == ["a", "b"]
    assert words_of({"command": ["a", "b"]}) == ["a", "b"]
    assert words_of({"url": "http://x"}) == []


@given(WORDS)
def test_whatever_was_there_a_second_time_changes_nothing(words: list[str]) -> None:
    entry = ServerEntry(program=("/p",), options={"--data-dir": "/s"}, budget=9, unwanted=("--x",))
    once = entry.members({"command": "old", "args": words})
    assert entry.members(once) == once
    options = mcp_words(words_of(once))[1]
    assert options["--data-dir"] == "/s"
    assert "--wait-budget" in options


@given(WORDS)
def test_tasks_that_are_switched_off_stay_off(words: list[str]) -> None:
    args = ["mcp", *words, "--no-tasks"]
    if "--no-tasks" in mcp_words(args)[1]:
        once = ServerEntry(program=("/p",)).members({"command": "old", "args": args})
        assert "--no-tasks" in once["args"]


def test_a_name_that_is_wanted_wins_over_the_one_there() -> None:
    there = {"command": "old", "args": ["mcp", "carol"]}
    assert ServerEntry(program=("/p",), agent="dave").members(there)["args"] == ["mcp", "dave"]
    assert ServerEntry(program=("/p",)).members(there)["args"] == ["mcp", "carol"]


def test_a_longer_limit_and_a_wait_budget_of_ones_own_stay() -> None:
    entry = ServerEntry(program=("/p",), budget=3590, limits={"timeout": 3600})
    assert entry.members(None) == {
        "command": "/p",
        "args": ["mcp", "--wait-budget", "3590"],
        "timeout": 3600,
    }
    for theirs, becomes in ((60, 3600), (7200, 7200), (7200.5, 7200.5), (True, 3600), ("9", 3600)):
        assert entry.members({"timeout": theirs})["timeout"] == becomes
    there = {"command": "/p", "args": ["mcp", "--wait-budget", "25"]}
    assert entry.members(there)["args"] == ["mcp", "--wait-budget", "25"]


WANTED = ServerEntry(program=("/bin/signalpost",), more={"type": "stdio"}, limits={"timeout": 60})


@pytest.mark.parametrize(
    ("change", "is_ours"),
    [
        ({}, True),
        ({"command": "/elsewhere/signalpost", "args": ["mcp", "alice", "--no-tasks"]}, True),
        ({"command": "/venv/bin/python", "args": ["-m", "signalpost", "mcp"]}, True),
        ({"command": ["/bin/uvx", "--from", "x", "signalpost", "mcp"], "args": None}, True),
        ({"timeout": 600, "env": {}}, True),
        ({"command": "signalpost"}, False),
        ({"command": "/bin/other"}, False),
        ({"args": ["serve"]}, False),
        ({"command": None}, False),
        ({"type": None}, False),
        ({"timeout": None}, False),
    ],
    ids=str,
)
def test_an_entry_is_known_by_a_full_path_and_by_what_setup_writes_beside_it(
    change: dict[str, Plain], is_ours: bool
) -> None:
    members = {**WANTED.members(None), **change}
    there = {name: value for name, value in members.items() if value is not None}
    assert WANTED.wrote(there) == is_ours


def test_what_is_no_entry_is_none_of_setup() -> None:
    assert not WANTED.wrote("signalpost mcp")
    assert not WANTED.wrote([])
