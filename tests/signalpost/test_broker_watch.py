from __future__ import annotations

import threading
from pathlib import Path
from time import monotonic

import anyio
import anyio.to_thread
import pytest

from signalpost import broker_watch, hook_answer, own_bridge
from signalpost.broker_watch import broker_comes
from signalpost.file_watch import FileWatch
from signalpost.hook_words import HookOrder
from signalpost.transport.errors import BrokerUnavailable
from tests.signalpost.hook_door import MAIL, PATIENCE, hook_door

CONVERSATION = "9ffa0fb4-9442-4bec-ab7b-adf8503dbeaa"
AWAITING = threading.Event()
HURRIED = HookOrder(word="session-start", client="claude-code", limit=0.05)


class ToldWatch(FileWatch):
    """Says when somebody waits."""

    def wait(self, seconds: float | None = None) -> None:
        AWAITING.set()
        super().wait(seconds)


@pytest.fixture(autouse=True)
def watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_watch, "FileWatch", ToldWatch)
    monkeypatch.setattr(own_bridge, "lives", lambda: True)
    AWAITING.clear()


async def test_a_start_waits_for_the_broker_and_then_for_the_agent() -> None:
    async with hook_door(opened=False) as door:

        async def open_it() -> None:
            await anyio.to_thread.run_sync(AWAITING.wait, PATIENCE)
            door.absent, door.step = True, MAIL
            door.open()

        said = ""
        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(open_it)
                said = await door.says("session-start")
        assert "You are the Signalpost agent alice. 1 unread message" in said
        assert len(door.expected) == 1


async def test_where_there_is_no_bridge_no_broker_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[float] = []

    def comes(_folder: Path, until: float) -> bool:
        asked.append(until)
        return False

    monkeypatch.setattr(broker_watch, "broker_comes", comes)
    monkeypatch.setattr(own_bridge, "lives", lambda: False)
    async with hook_door(opened=False) as door:
        with pytest.raises(BrokerUnavailable):
            await door.says("session-start")
        assert len(asked) == 1
        assert asked[0] < monotonic() + hook_answer.COMING_SECONDS / 2
        door.open()
        assert "You are the Signalpost agent alice." in await door.says(
            "prompt", session_id=CONVERSATION
        )


async def test_one_that_does_not_come_in_time_is_told_as_ever() -> None:
    async with hook_door(opened=False) as door:
        with pytest.raises(BrokerUnavailable, match="no broker runs"):
            await door.says("session-start", order=HURRIED)
        assert AWAITING.is_set()


@pytest.mark.parametrize("word", ["prompt", "tools", "stop", "session-end"])
async def test_no_other_event_waits_for_a_broker(word: str) -> None:
    async with hook_door(opened=False) as door:
        with pytest.raises(BrokerUnavailable, match="no broker runs"):
            await door.says(word)  # type: ignore[arg-type]
        assert not AWAITING.is_set()


async def test_where_the_agent_comes_late_no_broker_is_waited_for_either() -> None:
    async with hook_door(opened=False) as door:
        with pytest.raises(BrokerUnavailable, match="no broker runs"):
            await door.says("session-start", client="codex")
        assert not AWAITING.is_set()


async def test_one_that_serves_already_is_not_waited_for() -> None:
    async with hook_door() as door:
        assert broker_comes(door.folder, monotonic())
        assert not AWAITING.is_set()
