"""At a session's start the agent's bridge is about to come, in most clients."""

from __future__ import annotations

import json

import pytest

from signalpost import hook_answer
from signalpost.hook_names import CLIENTS, WORDS
from signalpost.hook_words import HookOrder
from signalpost.transport.bell import AwaitAgent
from tests.signalpost.hook_door import MAIL, HookDoor, hook_door

CONVERSATION = "9ffa0fb4-9442-4bec-ab7b-adf8503dbeaa"


async def _start(door: HookDoor, client: str = "claude-code") -> str:
    door.absent, door.step = True, MAIL
    event = "sessionStart" if client in ("cursor", "copilot") else "SessionStart"
    return await door.says("session-start", event, client=client)


async def test_an_agent_that_comes_is_told_who_it_is_and_what_waits() -> None:
    async with hook_door() as door:
        said = await _start(door)
        text = json.loads(said)["hookSpecificOutput"]["additionalContext"]
        assert text.startswith("You are the Signalpost agent alice. 1 unread message waits")
        assert door.expected == [AwaitAgent(thread=CONVERSATION)]
        assert [(look.event, look.tell) for look in door.looks] == [
            ("none", False),
            ("session_start", True),
        ]


async def test_one_that_is_known_is_not_waited_for() -> None:
    async with hook_door() as door:
        await door.says("session-start")
        assert door.expected == []


async def test_an_agent_of_codex_comes_with_its_first_call_and_is_not_waited_for() -> None:
    async with hook_door() as door:
        assert await _start(door, "codex") == ""
        assert door.expected == []


async def test_a_broker_that_does_not_know_how_to_wait_is_not_asked_to() -> None:
    async with hook_door() as door:
        door.minor = 1
        assert await _start(door) == ""
        assert door.expected == []


async def test_no_other_event_waits_for_an_agent() -> None:
    async with hook_door() as door:
        for word in ("prompt", "tools", "stop", "session-end"):
            door.absent = True
            assert await door.says(word) == ""
        assert door.expected == []


@pytest.mark.parametrize("client", CLIENTS)
def test_a_start_waits_two_seconds_or_as_long_as_it_is_told(client: str) -> None:
    waits = {w: hook_answer.coming_of(HookOrder(word=w, client=client)) for w in WORDS}
    assert waits.pop("session-start") == 2.0
    assert set(waits.values()) == {0.0}
    told = HookOrder(word="session-start", client=client, limit=0.7)
    assert hook_answer.coming_of(told) == 0.7
