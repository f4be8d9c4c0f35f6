from __future__ import annotations

import click
import pytest

from signalpost.command_line import signalpost as front_door
from signalpost.hook_names import named
from signalpost.hook_words import HookOrder, read_words

CLAUDE = ("--client", "claude-code")


def read(*words: str, **environment: str) -> HookOrder | None:
    return read_words(words, environment)


def test_an_event_and_a_client_are_enough() -> None:
    assert read("prompt", *CLAUDE) == HookOrder(word="prompt", client="claude-code")


def test_every_option_is_read_in_both_ways_and_anywhere() -> None:
    wanted = HookOrder(
        word="stop",
        client="codex",
        agent="alice",
        data_dir="/s",
        gate="all",
        wait=9.5,
        limit=2,
        start=True,
    )
    apart = (
        "--agent",
        "alice",
        "stop",
        "--data-dir",
        "/s",
        "--gate",
        "all",
        "--wait",
        "9.5",
        "--limit",
        "2",
    )
    assert read(*apart, "--client", "codex", "--start") == wanted
    joined = (
        "--agent=alice",
        "--data-dir=/s",
        "--gate=all",
        "--wait=9.5",
        "--client=codex",
        "--limit=2",
    )
    assert read("--start", *joined, "stop") == wanted


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("prompt",),
        CLAUDE,
        ("prompt", "stop", *CLAUDE),
        ("before-lunch", *CLAUDE),
        ("prompt", "--client", "claude"),
        ("prompt", "--client"),
        ("prompt", *CLAUDE, "--gate", "some"),
        ("prompt", *CLAUDE, "--wait", "long"),
        ("prompt", *CLAUDE, "--wait", "-1"),
        ("prompt", *CLAUDE, "--limit", "x"),
        ("prompt", *CLAUDE, "--wait", "nan"),
        ("prompt", *CLAUDE, "--wait", "1e9"),
        ("prompt", *CLAUDE, "--verbose"),
        ("prompt", *CLAUDE, "--start=yes"),
    ],
)
def test_words_that_are_not_understood_are_no_order(words: tuple[str, ...]) -> None:
    assert read(*words) is None


def test_the_name_comes_from_the_option_or_the_environment() -> None:
    assert named({"SIGNALPOST_AGENT": "", "GPTQ_AGENT_NAME": "bob"}) == "bob"
    assert named({"SIGNALPOST_AGENT": "alice", "GPTQ_AGENT_NAME": "bob"}) == "alice"
    order = read("prompt", *CLAUDE, SIGNALPOST_AGENT="alice")
    assert order is not None
    assert order.agent == "alice"
    order = read("prompt", *CLAUDE, "--agent", "carol", SIGNALPOST_AGENT="alice")
    assert order is not None
    assert order.agent == "carol"


def test_the_help_shows_the_options_that_are_read() -> None:
    command = front_door.commands["hook"]
    options = [p for p in command.params if isinstance(p, click.Option)]
    values = {"--client": "gemini", "--gate": "off", "--wait": "3", "--limit": "1"}
    for option in options:
        name = option.opts[0]
        words = (name,) if option.is_flag else (name, values.get(name, "/x"))
        assert read("stop", *CLAUDE, *words) is not None
    assert {name for option in options for name in option.opts} == {
        "--client", "--agent", "--gate", "--wait", "--limit", "--start", "--data-dir",
    }  # fmt: skip
