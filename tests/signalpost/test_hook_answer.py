from __future__ import annotations

import json
from pathlib import Path

import anyio
import pytest
from msgspec.structs import replace

from signalpost import hook_answer
from signalpost.hook_contract import Word
from signalpost.hook_input import BadInput
from signalpost.hook_log import log_path
from signalpost.hook_marks import marks_of
from signalpost.hook_words import HookOrder
from signalpost.transport.bell import AwaitBell, Doorstep, LookAtBell, NoteRing, OpenTask
from signalpost.transport.endpoint import run_dir
from signalpost.transport.errors import BrokerUnavailable
from signalpost.unread_file import unread_path
from tests.signalpost.hook_door import MAIL, QUIET, HookDoor, hook_door

NEWS = (
    "Signalpost: 1 unread message waits in the inbox of agent alice (1 from bob; 1 is a task):"
    " receive_message takes it."
)
STOPPING = HookOrder(word="stop", client="claude-code")


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two busy cores are no reason to fail: how fast a hook is, is measured elsewhere."""
    monkeypatch.setattr(hook_answer, "QUICK_SECONDS", 10.0)
    monkeypatch.setattr(hook_answer, "SESSION_SECONDS", 10.0)


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
        seen = [(look.event, look.source, look.way, look.tell) for look in door.looks]
    assert seen == [
        ("session_start", "compact", "hook:session-start", True),
        ("prompt", "", "hook:prompt", True),
        ("tools", "", "hook:tools", True),
        ("stop", "", "hook:stop", False),
        ("session_end", "", "look", False),
    ]


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


async def test_what_a_session_heard_at_its_start_is_not_told_again() -> None:
    async with hook_door() as door:
        door.step = MAIL
        await door.says("session-start")
        assert await door.says("prompt") == ""


async def test_nobody_is_told_when_nobody_is_meant() -> None:
    async with hook_door() as door:
        door.step = Doorstep()
        words: list[Word] = ["session-start", "prompt", "tools", "stop", "session-end"]
        assert [await door.says(word) for word in words] == [""] * 5


async def test_a_client_that_cannot_show_a_text_is_not_counted_as_told() -> None:
    async with hook_door() as door:
        door.step = MAIL
        for client, event in (
            ("cursor", "beforeSubmitPrompt"),
            ("copilot", "userPromptSubmitted"),
        ):
            assert await door.says("prompt", event, client=client) == ""
        assert [look.tell for look in door.looks] == [False, False]
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


async def test_unread_tasks_hold_an_agent_once_and_the_ring_is_recorded() -> None:
    async with hook_door() as door:
        door.step = MAIL
        assert json.loads(await door.says("stop")) == {"decision": "block", "reason": NEWS}
        assert await door.says("stop", stop_hook_active=True) == ""
        assert await door.says("stop") == ""
        ring = NoteRing(agent="alice", cursor=7, way="hook:stop", outcome="held")
        assert door.rings == [ring]


async def test_a_hold_outlives_the_broker() -> None:
    async with hook_door() as door:
        door.step = MAIL
        await door.says("stop")
        door.broker.die()
        door.open()
        door.step = MAIL  # it knows nothing of the ring
        assert await door.says("stop") == ""


async def test_open_tasks_hold_an_agent_without_a_ring() -> None:
    async with hook_door() as door:
        door.step = replace(QUIET, open_tasks=[OpenTask(8, "running", "make test")])
        reason = json.loads(await door.says("stop"))["reason"]
        assert reason == (
            "Signalpost: Task 8 `make test` is running: task_status(task_id=8) waits for it."
        )
        assert door.rings == []
        assert await door.says("stop") == ""


async def test_an_agent_is_not_held_when_that_could_not_be_remembered() -> None:
    async with hook_door() as door:
        door.step = MAIL
        (door.folder / "hooks").write_text("in the way")
        with pytest.raises(Exception, match="hooks"):
            await door.says("stop")
        assert door.rings == []


async def test_news_are_told_though_they_could_not_be_remembered() -> None:
    async with hook_door() as door:
        door.step = MAIL
        (door.folder / "hooks").write_text("in the way")
        assert context(await door.says("prompt")) == NEWS
        assert "cannot" in log_path(door.folder).read_text()


async def stops(door: HookDoor, order: HookOrder, answers: list[str]) -> None:
    answers.append(await door.says("stop", order=order))


async def test_a_stop_that_waits_is_held_by_what_comes() -> None:
    order = replace(STOPPING, wait=9.0)
    answers: list[str] = []
    async with hook_door() as door, anyio.create_task_group() as tasks:
        tasks.start_soon(stops, door, order, answers)
        asked = await door.broker.hears(AwaitBell)
        (wish,) = [r for _, r in door.broker.heard if isinstance(r, AwaitBell)]
        assert wish == AwaitBell(agent="alice", way="hook:stop", after=0, wait_seconds=9.0)
        door.step = replace(MAIL, unread_tasks=0)  # any kind: it is asleep
        door.broker.say(asked, door.step)
    assert "1 unread message waits" in json.loads(answers[0])["reason"]


async def test_a_stop_that_waits_in_vain_lets_the_agent_go() -> None:
    answers: list[str] = []
    async with hook_door() as door, anyio.create_task_group() as tasks:
        tasks.start_soon(stops, door, replace(STOPPING, wait=9.0), answers)
        door.broker.say(await door.broker.hears(AwaitBell), QUIET)
    assert answers == [""]


async def test_a_wait_does_not_hold_for_what_has_held_before() -> None:
    answers: list[str] = []
    async with hook_door() as door, anyio.create_task_group() as tasks:
        door.step = MAIL
        await door.says("stop")
        tasks.start_soon(stops, door, replace(STOPPING, wait=9.0), answers)
        door.broker.say(await door.broker.hears(AwaitBell), MAIL)
    assert answers == [""]


async def test_without_a_gate_nothing_waits_and_nothing_holds() -> None:
    async with hook_door() as door:
        door.step = MAIL
        assert await door.says("stop", order=replace(STOPPING, wait=9.0, gate="off")) == ""
        assert door.broker.heard_of(AwaitBell) == 0


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


async def test_two_hooks_at_once_do_not_both_hold() -> None:
    async with hook_door() as door:
        door.step = MAIL
        with marks_of(door.folder, "alice"), pytest.raises(Exception, match="at work"):
            await door.says("stop")
        assert door.rings == []
