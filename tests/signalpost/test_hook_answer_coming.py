"""At a session's start the agent's bridge is about to come, in most clients."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from signalpost import hook_answer, own_bridge
from signalpost.hook_names import CLIENTS, WORDS, Word
from signalpost.hook_words import HookOrder
from signalpost.transport.bell import AwaitAgent
from tests.signalpost.hook_door import MAIL, QUIET, HookDoor, hook_door

CONVERSATION = "9ffa0fb4-9442-4bec-ab7b-adf8503dbeaa"
WISH = AwaitAgent(thread=CONVERSATION)
GREETING = "You are the Signalpost agent alice."


@pytest.fixture(autouse=True)
def bridges(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What is found when a bridge is looked for, one after the other."""
    found = [True]
    monkeypatch.setattr(own_bridge, "lives", lambda: found.pop(0))
    return found


async def _start(door: HookDoor, client: str = "claude-code") -> str:
    door.absent, door.step = True, MAIL
    event = "sessionStart" if client in ("cursor", "copilot") else "SessionStart"
    return await door.says("session-start", event, client=client)


async def test_an_agent_that_comes_is_told_who_it_is_and_what_waits() -> None:
    async with hook_door() as door:
        said = await _start(door)
        text = json.loads(said)["hookSpecificOutput"]["additionalContext"]
        assert text.startswith("You are the Signalpost agent alice. 1 unread message waits")
        assert door.expected == [WISH]
        assert [(look.event, look.tell) for look in door.looks] == [
            ("none", False),
            ("session_start", True),
        ]


async def test_one_that_is_slow_is_waited_for_while_its_bridge_lives(bridges: list[bool]) -> None:
    async with hook_door() as door:
        door.slow = 1
        assert GREETING in await _start(door)
        assert door.expected == [WISH, WISH]
        assert bridges == []


async def test_where_there_is_no_bridge_nobody_is_waited_for(bridges: list[bool]) -> None:
    bridges[:] = [False]
    async with hook_door() as door:
        door.slow = 1
        assert await _start(door) == ""
        assert door.expected == [WISH]


async def test_what_the_brokers_start_takes_is_not_waited_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = SimpleNamespace(now=100.0)

    def finds_none(_folder: object) -> None: ...

    def slow_start(*_: object) -> bool:
        clock.now += 2.5
        return True

    async with hook_door() as door:
        with monkeypatch.context() as patched:
            patched.setattr(hook_answer, "endpoint", SimpleNamespace(find=finds_none))
            patched.setattr(hook_answer, "monotonic", lambda: clock.now)
            patched.setattr(hook_answer, "_started", slow_start)
            assert await _start(door) == ""
            assert door.expected == []
        door.absent, door.step = False, QUIET
        assert GREETING in await door.says("prompt", session_id=CONVERSATION)


@pytest.mark.parametrize("word", ["prompt", "tools"])
async def test_what_a_start_could_not_say_is_said_once_when_the_agent_is_known(
    bridges: list[bool], word: Word
) -> None:
    bridges[:] = [False]
    async with hook_door() as door:
        door.slow = 1
        await _start(door)
        assert await door.says("prompt", session_id=CONVERSATION) == ""  # it is not known yet
        door.absent, door.step = False, QUIET
        assert GREETING in await door.says(word, session_id=CONVERSATION)
        assert await door.says(word, session_id=CONVERSATION) == ""


async def test_mail_that_is_told_with_it_is_not_told_again(bridges: list[bool]) -> None:
    bridges[:] = [False]
    async with hook_door() as door:
        door.slow = 1
        await _start(door)
        door.absent, door.step = False, MAIL
        said = await door.says("prompt", session_id=CONVERSATION)
        assert f"{GREETING} 1 unread message waits" in said
        assert await door.says("prompt", session_id=CONVERSATION) == ""


async def test_a_start_that_said_it_leaves_nothing_to_say() -> None:
    async with hook_door() as door:
        assert GREETING in await door.says("session-start")
        assert await door.says("prompt", session_id=CONVERSATION) == ""


async def test_a_later_start_of_the_session_that_says_it_leaves_nothing_to_say(
    bridges: list[bool],
) -> None:
    bridges[:] = [False]
    async with hook_door() as door:
        door.slow = 1
        assert await _start(door) == ""
        door.absent, door.step = False, QUIET
        for source in ("resume", "compact"):
            again = await door.says("session-start", source=source, session_id=CONVERSATION)
            assert GREETING in again
        assert await door.says("prompt", session_id=CONVERSATION) == ""


async def test_other_sessions_are_not_told_what_one_could_not_be(bridges: list[bool]) -> None:
    bridges[:] = [False]
    async with hook_door() as door:
        door.slow = 1
        await _start(door)
        door.absent, door.step = False, QUIET
        assert await door.says("prompt", session_id="another") == ""
        assert GREETING in await door.says("prompt", session_id=CONVERSATION)


async def test_an_agent_of_codex_is_told_after_its_first_call() -> None:
    async with hook_door() as door:
        assert await _start(door, "codex") == ""
        door.absent, door.step = False, QUIET
        said = await door.says("tools", "PostToolUse", client="codex")
        assert GREETING in said


async def test_a_subagent_is_not_told_who_the_agent_is(bridges: list[bool]) -> None:
    bridges[:] = [False]
    async with hook_door() as door:
        door.slow = 1
        await _start(door)
        door.absent, door.step = False, QUIET
        assert await door.says("tools", agent_id="sub", session_id=CONVERSATION) == ""
        assert GREETING in await door.says("tools", session_id=CONVERSATION)


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
            assert await door.says(word, session_id=CONVERSATION) == ""
        assert door.expected == []


@pytest.mark.parametrize("client", CLIENTS)
def test_a_start_waits_two_seconds_or_as_long_as_it_is_told(client: str) -> None:
    waits = {w: hook_answer.coming_of(HookOrder(word=w, client=client)) for w in WORDS}
    assert waits.pop("session-start") == 2.0
    assert set(waits.values()) == {0.0}
    told = HookOrder(word="session-start", client=client, limit=0.7)
    assert hook_answer.coming_of(told) == 0.7
