from __future__ import annotations

import json

import anyio
import pytest
from msgspec.structs import replace

from signalpost.hook_marks import MarksTaken, marks_of
from signalpost.hook_words import HookOrder
from signalpost.transport.bell import AwaitBell, NoteRing, OpenTask
from tests.signalpost.hook_door import MAIL, NEWS, QUIET, HookDoor, hook_door

STOPPING = HookOrder(word="stop", client="claude-code")


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


async def test_a_wait_asks_only_for_what_has_not_held_before() -> None:
    answers: list[str] = []
    async with hook_door() as door, anyio.create_task_group() as tasks:
        door.step = MAIL
        await door.says("stop")
        tasks.start_soon(stops, door, replace(STOPPING, wait=9.0), answers)
        asked = await door.broker.hears(AwaitBell)
        (wish,) = [r for _, r in door.broker.heard if isinstance(r, AwaitBell)]
        assert wish.after == MAIL.cursor
        door.broker.say(asked, replace(MAIL, noticed=7, news=False))  # time is over
    assert answers == [""]


async def test_a_ring_that_could_not_hold_is_given_up_for_others_to_tell() -> None:
    async def fails() -> None:
        with pytest.raises(MarksTaken):
            await door.says("stop", order=replace(STOPPING, wait=9.0))

    async with hook_door() as door, anyio.create_task_group() as tasks:
        tasks.start_soon(fails)
        asked = await door.broker.hears(AwaitBell)
        with marks_of(door.folder, "alice"):
            door.broker.say(asked, MAIL)
            await door.broker.hears(NoteRing)
    ring = NoteRing(agent="alice", cursor=7, way="hook:stop", outcome="gave_up")
    assert door.rings == [ring]


async def test_without_a_gate_nothing_waits_and_nothing_holds() -> None:
    async with hook_door() as door:
        door.step = MAIL
        assert await door.says("stop", order=replace(STOPPING, wait=9.0, gate="off")) == ""
        assert door.broker.heard_of(AwaitBell) == 0


async def test_two_hooks_at_once_do_not_both_hold() -> None:
    async with hook_door() as door:
        door.step = MAIL
        with marks_of(door.folder, "alice"), pytest.raises(MarksTaken):
            await door.says("stop")
        assert door.rings == []
