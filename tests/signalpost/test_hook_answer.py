from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from signalpost.hook_input import BadInput
from signalpost.hook_log import log_path
from signalpost.hook_names import Word
from signalpost.hook_words import HookOrder
from signalpost.transport.bell import Doorstep, LookAtBell
from signalpost.transport.endpoint import run_dir
from signalpost.transport.errors import BrokerUnavailable
from signalpost.unread_file import unread_path
from tests.signalpost.hook_door import MAIL, NEWS, QUIET, hook_door

STOPPING = HookOrder(word="stop", client="claude-code")


def context(answer: str) -> str:
    text = json.loads(answer)["hookSpecificOutput"]["additionalContext"]
    assert isinstance(text, str)
    return text


async def test_the_broker_is_told_what_the_client_does() -> None:
    async with hook_door() as door:
        await door.says("session-start", source="compact")
        await door.says("prompt")
        await door.says("tools")
        await door.says("stop")
        await door.says("session-end")
        assert door.looks.pop(0).event == "none"
        seen = [(look.event, look.source, look.way, look.tell) for look in door.looks]
    assert seen == [
        ("session_start", "compact", "hook:session-start", True),
        ("prompt", "", "hook:prompt", False),
        ("tools", "", "hook:tools", False),
        ("stop", "", "hook:stop", False),
        ("session_end", "", "look", False),
    ]


async def test_a_ring_is_in_the_step_that_tells() -> None:
    async with hook_door() as door:
        door.step = MAIL
        await door.says("prompt")
        seen = [(look.event, look.way, look.tell) for look in door.looks]
    assert seen == [("prompt", "hook:prompt", False), ("none", "hook:prompt", True)]


@pytest.mark.parametrize("word", ["session-start", "prompt"])
async def test_what_the_broker_may_count_as_told_is_told(word: Word) -> None:
    order = HookOrder(word=word, client="claude-code", limit=2)
    async with hook_door() as door:
        door.step, door.late = MAIL, True
        assert "1 unread message waits" in context(await door.says(word, order=order))
        door.late = False  # and it has not counted it after all
        assert await door.says("prompt") == ""


async def test_the_agent_is_meant_by_name_and_conversation() -> None:
    order = HookOrder(word="prompt", client="claude-code", agent="alice")
    async with hook_door() as door:
        await door.says("prompt", order=order)
        (look,) = door.looks
    assert look.agent == "alice"
    assert look.thread == "d6cfde5f-3d08-4e38-9c16-36aad10b1dfb"


async def test_a_session_that_starts_hears_its_name_and_its_mail_every_time() -> None:
    async with hook_door() as door:
        door.step = MAIL
        first = context(await door.says("session-start"))
        second = context(await door.says("session-start", source="compact"))
    assert first == second
    assert first.startswith("You are the Signalpost agent alice. 1 unread message waits")


@pytest.mark.parametrize("word", ["prompt", "tools"])
async def test_an_agent_at_work_is_told_of_its_mail_once(word: Word) -> None:
    async with hook_door() as door:
        door.step = MAIL
        assert context(await door.says(word)) == NEWS
        assert await door.says("prompt") == ""
        assert await door.says("tools") == ""
        door.step = replace(MAIL, unread=2, cursor=8, noticed=7)
        assert "2 unread messages" in context(await door.says(word))


async def test_what_is_offered_again_is_counted_by_what_was_held_before() -> None:
    async with hook_door() as door:
        door.step = replace(QUIET, held=2)
        door.returned = replace(MAIL, unread=2)
        text = context(await door.says("session-start", source="compact"))
    assert "2 unread messages wait" in text
    assert text.endswith(" Not yet acknowledged and offered again: 2.")


async def test_what_a_session_heard_at_its_start_is_not_told_again() -> None:
    async with hook_door() as door:
        door.step = MAIL
        await door.says("session-start")
        assert await door.says("prompt") == ""


async def test_mail_that_a_silent_doorbell_kept_back_is_told_when_it_is_on_again() -> None:
    async with hook_door() as door:
        door.step = replace(MAIL, on=False, news=False)
        assert "Your doorbell is off" in context(await door.says("session-start"))
        assert await door.says("prompt") == ""
        door.step = MAIL
        assert context(await door.says("prompt")) == NEWS


async def test_nobody_is_told_when_nobody_is_meant() -> None:
    async with hook_door() as door:
        door.step = Doorstep()
        words: list[Word] = ["session-start", "prompt", "tools", "stop", "session-end"]
        assert [await door.says(word) for word in words] == [""] * 5


async def test_a_client_that_cannot_show_a_text_is_not_counted_as_told() -> None:
    async with hook_door() as door:
        door.step = MAIL
        assert await door.says("prompt", "beforeSubmitPrompt", client="cursor") == ""
        assert [look.tell for look in door.looks] == [False]
        assert await door.says("tools", "postToolUse", client="cursor") != ""


async def test_a_subagent_is_told_nothing_and_its_tools_are_a_sign_of_life() -> None:
    async with hook_door() as door:
        door.step = MAIL
        for word in ("session-start", "prompt", "tools", "stop", "session-end"):
            assert await door.says(word, agent_id="a1") == ""
        assert [(look.event, look.tell) for look in door.looks] == [("tools", False)]
        assert door.rings == []
        assert context(await door.says("prompt")) == NEWS


async def test_a_notification_that_means_nothing_is_not_passed_on() -> None:
    async with hook_door() as door:
        assert await door.says("notification", "Notification (other)") == ""
        assert await door.says("notification", "Notification (permission)") == ""
        assert [look.event for look in door.looks] == ["blocked"]


async def test_news_are_told_though_they_could_not_be_remembered() -> None:
    async with hook_door() as door:
        door.step = MAIL
        (door.folder / "hooks").write_text("in the way")
        assert context(await door.says("prompt")) == NEWS
        assert "cannot" in log_path(door.folder).read_text()


def leave_unread(folder: Path, **changed: object) -> None:
    alice = {"unread": 1, "tasks": 1, "cursor": 7, "noticed": 5, "senders": {"bob": 1}}
    agents = {"alice": {**alice, "threads": ["t1"], **changed}}
    unread_path(folder).write_text(json.dumps({"written": 1.0, "agents": agents}))


@pytest.mark.parametrize("word", ["session-start", "prompt"])
async def test_without_a_broker_its_file_tells_once(word: Word) -> None:
    async with hook_door(opened=False) as door:
        leave_unread(door.folder)
        assert "1 unread message waits" in context(await door.says(word, session_id="t1"))
        for again in ("session-start", "prompt"):
            with pytest.raises(BrokerUnavailable):
                await door.says(again, session_id="t1")
        leave_unread(door.folder, cursor=8)
        assert context(await door.says("prompt", session_id="t1")) == NEWS


async def test_what_the_broker_has_told_its_file_does_not_tell_again() -> None:
    async with hook_door() as door:
        door.step = MAIL
        assert context(await door.says("prompt")) == NEWS
        (run_dir(door.folder) / "broker.json").unlink()
        leave_unread(door.folder)
        with pytest.raises(BrokerUnavailable):
            await door.says("prompt", session_id="t1")


async def test_what_its_file_has_told_the_broker_does_not_tell_again() -> None:
    async with hook_door(opened=False) as door:
        leave_unread(door.folder)
        await door.says("prompt", session_id="t1")
        door.open()
        door.step = MAIL
        assert await door.says("prompt") == ""


@pytest.mark.parametrize("word", ["stop", "tools", "session-end"])
async def test_without_a_broker_no_other_hook_says_anything(word: Word) -> None:
    async with hook_door(opened=False) as door:
        leave_unread(door.folder)
        with pytest.raises(BrokerUnavailable):
            await door.says(word, session_id="t1")
        assert not (door.folder / "hooks").exists()


async def test_an_input_of_another_event_is_refused() -> None:
    async with hook_door() as door:
        with pytest.raises(BadInput, match="no event that claude-code calls prompt"):
            await door.says("prompt", "Stop")
        assert door.broker.heard_of(LookAtBell) == 0
