from __future__ import annotations

import io
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest

from signalpost import (
    agents_listing,
    dead_letters,
    edge,
    mail_commands,
    mail_history,
    receiving,
    sending,
)
from signalpost.letter import Letter
from signalpost.mail_history import Search
from signalpost.receiving import Wanted
from signalpost.transport import letters

DIR = "/state/of/this/test"
Asked = list[tuple[object, ...]]
DOORS: tuple[tuple[ModuleType, str], ...] = (
    (agents_listing, "show_agents"),
    (sending, "send"),
    (receiving, "receive"),
    (receiving, "peek"),
    (receiving, "show_inbox"),
    (mail_history, "show_history"),
    (dead_letters, "show_dead"),
    (dead_letters, "settle"),
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """What the commands would do; each of them exits with 7."""
    calls: Asked = []
    monkeypatch.setenv("SIGNALPOST_DATA_DIR", DIR)
    for module, name in DOORS:

        def remember(data_dir: Path, *what: object, _: str = name, **as_json: bool) -> int:
            assert str(data_dir) == DIR
            calls.append((_, *what, *as_json.values()))
            return 7

        monkeypatch.setattr(module, name, remember)
    return calls


@pytest.mark.parametrize(
    ("words", "call"),
    [
        (["agents"], ("show_agents", False)),
        (["agents", "--json"], ("show_agents", True)),
        (
            ["receive"],
            (
                "receive",
                Wanted(),
                5.0,
            ),
        ),
        (["receive", "--timeout", "inf", "--json"], ("receive", Wanted(as_json=True), None)),
        (
            ["receive", "--timeout", "0", "--from", "bob", "-n", "3"],
            ("receive", Wanted("bob", 3), 0.0),
        ),
        (["receive", "--peek", "-n", "2"], ("peek", Wanted(most=2))),
        (["inbox", "alice"], ("show_inbox", "alice", False)),
        (["history"], ("show_history", Search(), False)),
        (
            ["history", "a b", "--agent", "x", "--state", "dead", "--before", "1000000000"],
            ("show_history", Search("a b", "x", "dead", 20, 1e9), False),
        ),
        (["dead", "list"], ("show_dead", "", 100, False)),
        (["dead", "list", "bob", "-n", "3", "--json"], ("show_dead", "bob", 3, True)),
        (["dead", "redrive", "m1", "m2"], ("settle", ("m1", "m2"), "redrive")),
        (["dead", "redrive", "--all"], ("settle", (), "redrive")),
        (["dead", "purge", "--yes", "m1"], ("settle", ("m1",), "purge")),
    ],
)
def test_what_is_said_is_done(asked: Asked, words: list[str], call: tuple[object, ...]) -> None:
    assert edge.exit_code(words) == 7
    assert asked == [call]


def test_a_message_is_sent_as_it_was_said(asked: Asked) -> None:
    words = ["-t", "result", "-m", "a=b", "--metadata", '{"n": 1}', "-r", "m0", "--ttl", "60"]
    words += ["--wait", "reply", "--timeout", "9", "--json", "alice,bob", "two words"]
    assert edge.exit_code(["send", *words]) == 7
    letter = Letter(
        to=("alice", "bob"),
        content="two words",
        kind="result",
        metadata={"n": 1, "a": "b"},
        in_reply_to="m0",
        ttl_seconds=60.0,
        wait_for="reply",
        wait_seconds=9.0,
    )
    assert asked == [("send", letter, True)]


def test_a_dash_stands_for_standard_input(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"from a pipe\n")))
    edge.exit_code(["send", "*", "-"])
    assert asked == [("send", Letter(to=("*",), content="from a pipe\n"), False)]


@pytest.mark.parametrize(
    "words",
    [
        ["send"],
        ["send", "alice"],
        ["send", "", "text"],
        ["send", "a,,b", "text"],
        ["send", "-t", "order", "alice", "text"],
        ["send", "-m", "novalue", "alice", "text"],
        ["send", "--metadata", "[]", "alice", "text"],
        ["send", "--ttl", "0", "alice", "text"],
        ["send", "--wait", "read", "alice", "text"],
        ["send", "--timeout", "nan", "alice", "text"],
        ["send", "alice", "\udcff"],
        ["send", "\udcff", "text"],
        ["send", "-r", "\udcff", "alice", "text"],
        ["receive", "--timeout", "-1"],
        ["receive", "-n", "0"],
        ["receive", "-n", "33"],
        ["receive", "--peek", "--timeout", "1"],
        ["inbox"],
        ["history", "--state", "lost"],
        ["history", "-n", "0"],
        ["history", "--before", "1e9"],
        ["dead", "burn"],
        ["dead", "redrive"],
        ["dead", "redrive", "--all", "m1"],
        ["dead", "purge", "--yes"],
    ],
)
def test_what_cannot_be_meant_exits_with_2_and_says_so(
    asked: Asked, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert edge.exit_code(words) == 2
    captured = capsys.readouterr()
    assert captured.err
    assert captured.out == ""
    assert asked == []


def test_a_purge_that_is_not_confirmed_does_nothing(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    assert edge.exit_code(["dead", "purge", "--all"]) == 1
    assert asked == []


@pytest.mark.parametrize(
    "words",
    [
        ["--data-dir", DIR, "dead", "list"],
        ["dead", "--data-dir", DIR, "list"],
        ["dead", "list", "--data-dir", DIR],
    ],
)
def test_the_data_dir_may_stand_anywhere(
    asked: Asked, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setenv("SIGNALPOST_DATA_DIR", "/another")
    assert edge.exit_code(words) == 7


def test_the_choices_are_those_of_the_wire() -> None:
    assert get_args(letters.Kind) == mail_commands.KINDS
    assert get_args(letters.Goal) == mail_commands.GOALS
    assert get_args(letters.State) == mail_commands.STATES
    assert letters.MAX_BATCH == mail_commands.MAX_AT_ONCE
