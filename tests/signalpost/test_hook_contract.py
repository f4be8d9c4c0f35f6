"""What each client is answered, byte for byte."""

from __future__ import annotations

import json
from typing import cast

import pytest
from hypothesis import given as each_of
from hypothesis import strategies as st

from signalpost.hook import contract_of
from signalpost.hook_contract import Context, Contract, Hold
from signalpost.hook_names import CLIENTS, WORDS, Word
from tests.signalpost.hook_inputs import DOCUMENTED, SEEN, given

CLAUDE, CODEX, GEMINI, CURSOR, COPILOT = CLIENTS
TEXT = 'Signalpost: 2 "unread" — ü'
TOLD = r"Signalpost: 2 \"unread\" — ü"

CONTEXTS = [
    (CLAUDE, "session-start", "SessionStart"),
    (CLAUDE, "prompt", "UserPromptSubmit"),
    (CLAUDE, "prompt", "UserPromptSubmit (woken)"),
    (CLAUDE, "tools", "PostToolUse"),
    (CLAUDE, "tools", "PostToolBatch"),
    (CODEX, "session-start", "SessionStart"),
    (CODEX, "prompt", "UserPromptSubmit"),
    (CODEX, "tools", "PostToolUse"),
    (GEMINI, "session-start", "SessionStart"),
    (GEMINI, "prompt", "BeforeAgent"),
    (GEMINI, "tools", "AfterTool"),
]
MUTE = [
    (CLAUDE, "stop", "Stop"),
    (CLAUDE, "notification", "Notification (idle)"),
    (CLAUDE, "session-end", "SessionEnd"),
    (CODEX, "stop", "Stop"),
    (CODEX, "notification", "PermissionRequest"),
    (CODEX, "session-end", "SessionEnd"),
    (GEMINI, "stop", "AfterAgent"),
    (GEMINI, "notification", "Notification"),
    (GEMINI, "session-end", "SessionEnd"),
    (CURSOR, "prompt", "beforeSubmitPrompt"),
    (CURSOR, "stop", "stop"),
    (CURSOR, "session-end", "sessionEnd"),
    (COPILOT, "stop", "agentStop"),
    (COPILOT, "notification", "notification"),
    (COPILOT, "session-end", "sessionEnd"),
]
HOLDS = [
    (CLAUDE, "Stop", f'{{"decision":"block","reason":"{TOLD}"}}\n'),
    (CODEX, "Stop", f'{{"decision":"block","reason":"{TOLD}"}}\n'),
    (GEMINI, "AfterAgent", f'{{"decision":"deny","reason":"{TOLD}"}}\n'),
    (CURSOR, "stop", f'{{"followup_message":"{TOLD}"}}\n'),
    (COPILOT, "agentStop", f'{{"decision":"block","reason":"{TOLD}"}}\n'),
    (COPILOT, "Stop", f'{{"decision":"block","reason":"{TOLD}"}}\n'),
]


def said(client: str, word: Word, event: str, what: Context | Hold | None) -> bytes:
    contract = contract_of(client)
    heard = contract.hear(word, given(client, event))
    assert heard is not None
    return contract.say(heard, what)


@pytest.mark.parametrize(("client", "word", "event"), CONTEXTS)
def test_a_text_is_put_before_the_model_in_claude_codes_way(
    client: str, word: Word, event: str
) -> None:
    name = event.partition(" ")[0]
    assert said(client, word, event, Context(TEXT)).decode() == (
        f'{{"hookSpecificOutput":{{"hookEventName":"{name}","additionalContext":"{TOLD}"}}}}\n'
    )


@pytest.mark.parametrize(
    ("client", "word", "event", "field"),
    [
        (CURSOR, "session-start", "sessionStart", "additional_context"),
        (CURSOR, "tools", "postToolUse", "additional_context"),
        (COPILOT, "session-start", "sessionStart", "additionalContext"),
        (COPILOT, "prompt", "userPromptSubmitted", "additionalContext"),
        (COPILOT, "tools", "postToolUse", "additionalContext"),
    ],
)
def test_cursor_and_copilot_are_given_one_field(
    client: str, word: Word, event: str, field: str
) -> None:
    assert said(client, word, event, Context(TEXT)).decode() == f'{{"{field}":"{TOLD}"}}\n'


@pytest.mark.parametrize(("client", "word", "event"), MUTE)
def test_an_event_that_can_tell_the_model_nothing_is_not_answered(
    client: str, word: Word, event: str
) -> None:
    assert said(client, word, event, Context(TEXT)) == b""


@pytest.mark.parametrize(("client", "event", "expected"), HOLDS)
def test_a_stop_is_held_with_its_reason(client: str, event: str, expected: str) -> None:
    assert said(client, "stop", event, Hold(TEXT)).decode() == expected


@pytest.mark.parametrize(("client", "word", "event"), CONTEXTS)
def test_nothing_but_a_stop_is_held(client: str, word: Word, event: str) -> None:
    assert said(client, word, event, Hold(TEXT)) == b""


@pytest.mark.parametrize("client", CLIENTS)
def test_who_has_nothing_to_say_writes_nothing(client: str) -> None:
    contract = contract_of(client)
    for event, word in contract.events.items():
        heard = contract.hear(word, {"hook_event_name": event})
        assert heard is not None
        assert contract.say(heard, None) == b""


def every_input() -> list[tuple[str, str]]:
    return [
        (client, event)
        for inputs in (SEEN, DOCUMENTED)
        for client, events in inputs.items()
        for event in events
    ]


@pytest.mark.parametrize(("client", "event"), every_input())
def test_every_input_is_heard_under_one_word_or_none(client: str, event: str) -> None:
    contract = contract_of(client)
    heard = [contract.hear(word, given(client, event)) for word in WORDS]
    found = [each for each in heard if each is not None]
    if event.startswith(("PreToolUse", "BeforeTool")):
        assert found == []
        return
    if client == COPILOT and "hook_event_name" not in given(client, event):
        assert len(found) == len(WORDS)  # it names no event: the command line alone does
        return
    (one,) = found
    assert one.session
    assert one.working_directory == "/home/user/project"
    assert not one.subagent


def heard_event(client: str, word: Word, event: str, **changed: object) -> str:
    heard = contract_of(client).hear(word, given(client, event, **changed))
    assert heard is not None
    return heard.event


def test_notifications_tell_whether_a_person_is_waited_for() -> None:
    assert heard_event(CLAUDE, "notification", "Notification (permission)") == "blocked"
    assert heard_event(CLAUDE, "notification", "Notification (idle)") == "idle"
    assert heard_event(CLAUDE, "notification", "Notification (other)") == "none"
    assert heard_event(CODEX, "notification", "PermissionRequest") == "blocked"
    assert heard_event(GEMINI, "notification", "Notification") == "blocked"
    assert heard_event(COPILOT, "notification", "notification") == "blocked"
    idle = {"notification_type": "agent_idle"}  # a background agent's, not the agent's own
    assert heard_event(COPILOT, "notification", "notification", **idle) == "none"


@pytest.mark.parametrize(
    ("source", "told"),
    [("resume", "resume"), ("compact", "compact"), ("fork", "startup"), (None, "startup")],
)
def test_a_session_starts_in_one_of_four_ways(source: object, told: str) -> None:
    heard = contract_of(CLAUDE).hear("session-start", given(CLAUDE, "SessionStart", source=source))
    assert heard is not None
    assert heard.source == told


def test_a_turn_that_was_held_says_so_in_every_client() -> None:
    again = {"stop_hook_active": True}
    for client, event in ((CLAUDE, "Stop"), (CODEX, "Stop"), (GEMINI, "AfterAgent")):
        first = contract_of(client).hear("stop", given(client, event))
        second = contract_of(client).hear("stop", given(client, event, **again))
        assert first is not None
        assert second is not None
        assert (first.stop_hook_active, second.stop_hook_active) == (False, True)
    repeated = contract_of(CURSOR).hear("stop", given(CURSOR, "stop (again)"))
    assert repeated is not None
    assert repeated.stop_hook_active
    copilot = contract_of(COPILOT).hear("stop", given(COPILOT, "Stop"))
    assert copilot is not None
    assert copilot.stop_hook_active


def test_cursor_tells_when_a_person_has_broken_the_turn_off() -> None:
    heard = contract_of(CURSOR).hear("stop", given(CURSOR, "stop (aborted)"))
    assert heard is not None
    assert heard.broken_off


def test_a_subagents_hook_is_told_from_the_agents() -> None:
    heard = contract_of(CLAUDE).hear("tools", given(CLAUDE, "PostToolUse", agent_id="a1"))
    assert heard is not None
    assert heard.subagent
    ended = given(CLAUDE, "Stop", hook_event_name="SubagentStop", agent_id="a1")
    assert contract_of(CLAUDE).hear("stop", ended) is None


@pytest.mark.parametrize("client", CLIENTS)
def test_an_event_of_another_word_is_not_heard(client: str) -> None:
    contract = contract_of(client)
    for event, word in contract.events.items():
        for other in set(WORDS) - {word}:
            assert contract.hear(other, {"hook_event_name": event}) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
)
FIELDS = sorted({key for c, e in every_input() for key in given(c, e)} | {"agent_id"})


@each_of(
    st.sampled_from(CLIENTS),
    st.sampled_from(WORDS),
    st.dictionaries(st.sampled_from(FIELDS), JSON),
    st.booleans(),
    st.data(),
)
def test_whatever_a_client_writes_is_heard_or_not_and_never_a_fault(
    client: str, word: Word, fields: dict[str, object], named: bool, data: st.DataObject
) -> None:
    contract: Contract = contract_of(client)
    if named:
        fields["hook_event_name"] = data.draw(st.sampled_from(sorted(contract.events)))
    heard = contract.hear(word, fields)
    if heard is None:
        return
    for what in (Context(TEXT), Hold(TEXT)):
        answer = contract.say(heard, what)
        assert answer == b"" or isinstance(cast("object", json.loads(answer)), dict)
        assert answer.count(b"\n") == bool(answer)
