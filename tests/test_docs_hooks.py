"""docs/hooks.md says what the hooks do: events, answers, texts, options, limits."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from signalpost import hook_answer, hook_input, hook_log, hook_text
from signalpost.command_line import signalpost as front_door
from signalpost.hook import contract_of
from signalpost.hook_contract import Context, Hold
from signalpost.hook_names import CLIENTS, WORDS, Word
from signalpost.transport.bell import Doorstep, OpenTask

PAGE = (Path(__file__).parents[1] / "docs" / "hooks.md").read_text("utf-8")
CLAUDE, CODEX, GEMINI, CURSOR, COPILOT = CLIENTS
CODE = re.compile(r"`([^`]+)`")


def rows(heading: str) -> dict[str, list[str]]:
    """Return the first table under a heading: its rows by their first cell."""
    text = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    table = re.search(r"(^\|.*\n)+", text, re.MULTILINE)
    assert table, heading
    lines = [line.strip("|").split("|") for line in table[0].splitlines()[2:]]
    return {cells[0].strip(): [cell.strip() for cell in cells[1:]] for cells in lines}


def test_the_events_are_those_of_the_contracts() -> None:
    table = rows("Events")
    assert list(table) == [f"`{word}`" for word in WORDS]
    for column, client in enumerate(CLIENTS):
        named = {name: word for word in WORDS for name in CODE.findall(table[f"`{word}`"][column])}
        known = dict(contract_of(client).events)
        if client == COPILOT:
            known = {name: word for name, word in known.items() if name[0].islower()}
        assert named == known


@pytest.mark.parametrize(
    ("shown", "client", "stop"),
    [
        ("Claude Code", CLAUDE, "Stop"),
        ("Codex", CODEX, "Stop"),
        ("Gemini CLI", GEMINI, "AfterAgent"),
        ("Cursor", CURSOR, "stop"),
        ("Copilot CLI", COPILOT, "agentStop"),
    ],
)
def test_the_answers_are_those_of_the_contracts(shown: str, client: str, stop: str) -> None:
    contract = contract_of(client)
    text, hold = rows("Answers, byte for byte")[shown]
    heard = contract.hear("stop", {"hook_event_name": stop})
    assert heard is not None
    assert contract.say(heard, Hold("TEXT")).decode().strip() == CODE.findall(hold)[0]
    if CODE.findall(text):
        word: Word = "prompt" if client == CLAUDE else "tools"
        name = "UserPromptSubmit" if client == CLAUDE else "postToolUse"
        told = contract.hear(word, {"hook_event_name": name})
        assert told is not None
        assert contract.say(told, Context("TEXT")).decode().strip() == CODE.findall(text)[0]


def test_the_texts_are_those_of_the_product() -> None:
    step = Doorstep(
        agent="alice",
        unread=2,
        unread_tasks=1,
        senders={"bob": 1, "tests": 1},
        open_tasks=[OpenTask(8, "running", "make test")],
    )
    assert hook_text.start_text(step, again=1) in PAGE
    assert hook_text.news_text(Doorstep(agent="alice", unread=1, senders={"bob": 1})) in PAGE
    assert f"at most {hook_text.MAX_TEXT} characters" in PAGE


def test_every_option_is_there() -> None:
    options = [p for p in front_door.commands["hook"].params if isinstance(p, click.Option)]
    table = {CODE.findall(first)[0].split()[0] for first in rows("Options")}
    assert table == {name for option in options for name in option.opts}


def test_every_limit_is_the_codes_own() -> None:
    milliseconds = f"{hook_answer.QUICK_SECONDS * 1000:g} ms"
    assert f"the broker has {milliseconds} to answer" in PAGE
    quick, start = hook_answer.QUICK_SECONDS, hook_answer.SESSION_SECONDS
    coming = f"{hook_answer.COMING_SECONDS:g}"
    assert f"| {quick:g}; at `session-start` {start:g}, and {coming} for the agent |" in PAGE
    assert f"waits for it, at most {coming} s" in PAGE
    assert f"within {hook_answer.START_SECONDS:g} s" in PAGE
    assert hook_input.MAX_INPUT == 1024**2
    assert f"Input: 1 MiB, {hook_input.SECONDS:g} s." in PAGE
    assert f"at most {hook_log.MAX_LOG // 1024} KiB" in PAGE
