from __future__ import annotations

import stat
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import mcp.types as t
import pytest
from mcp.shared.message import SessionMessage

from signalpost.mcp_bridge.clients import Clients
from signalpost.mcp_bridge.identity import AgentIdentity
from signalpost.mcp_bridge.wakers import Channel, CodexQueue, Door, NotTold, Spot, Wakers, text
from signalpost.transport.bell import Doorstep
from signalpost.transport.errors import BrokerUnavailable
from signalpost.transport.letters import Way
from tests.mcp_bridge.stand_in import StandIn

ALICE = AgentIdentity(agent="alice")
STEP = Doorstep(agent="alice", unread=2, cursor=7, news=True)
NEXT = Doorstep(agent="alice", unread=1, cursor=9, news=True)


class Told:
    """A door that notes what was said through it."""

    way: Way = "channel"

    def __init__(self, refuses: str = "", patience: float = 0) -> None:
        self.said: list[tuple[str, int]] = []
        self.patience = patience
        self._refuses = refuses

    async def tell(self, thread: str, step: Doorstep) -> None:
        self.said.append((thread, step.cursor))
        if self._refuses:
            raise NotTold(self._refuses)


@asynccontextmanager
async def waking(broker: StandIn, door: Door) -> AsyncGenerator[Wakers]:
    async with anyio.create_task_group() as tasks:
        yield Wakers(Clients(tasks, lambda _: broker), door)
        tasks.cancel_scope.cancel()


async def ring(broker: StandIn, step: Doorstep) -> None:
    broker.noted = anyio.Event()
    broker.steps.append(step)
    broker.stirred.set()
    with anyio.fail_after(5):
        await broker.noted.wait()


async def test_each_news_is_told_once_where_the_agent_speaks_now() -> None:
    broker, door = StandIn(), Told()
    async with waking(broker, door) as wakers:
        wakers.begin(ALICE, Spot("thread-1"))
        await ring(broker, STEP)
        wakers.begin(ALICE, Spot("thread-2"))
        wakers.begin(ALICE, Spot())
        await ring(broker, NEXT)
    assert door.said == [("thread-1", 7), ("thread-2", 9)]
    assert broker.rings == [
        ("alice", 7, "channel", "typed", ""),
        ("alice", 9, "channel", "typed", ""),
    ]


async def test_an_agent_that_has_unregistered_is_told_nothing_until_it_calls_again() -> None:
    broker, door = StandIn(), Told()
    async with waking(broker, door) as wakers:
        wakers.begin(ALICE, Spot())
        broker.steps.append(Doorstep())
        broker.stirred.set()
        await anyio.wait_all_tasks_blocked()
        assert (door.said, broker.rings) == ([], [])
        wakers.begin(ALICE, Spot())
        await ring(broker, STEP)
    assert door.said == [("", 7)]


async def test_what_could_not_be_told_is_given_up_with_the_reason() -> None:
    broker = StandIn()
    async with waking(broker, Told(refuses="no channel")) as wakers:
        wakers.begin(ALICE, Spot())
        await ring(broker, STEP)
    assert broker.rings == [("alice", 7, "channel", "gave_up", "no channel")]


async def test_no_second_notice_is_added_while_the_first_may_still_wait_for_its_turn() -> None:
    broker, door = StandIn(), Told(patience=600)
    async with waking(broker, door) as wakers:
        wakers.begin(ALICE, Spot("t", "turn-1"))
        await ring(broker, STEP)
        broker.steps.append(NEXT)
        broker.stirred.set()
        wakers.begin(ALICE, Spot("t", "turn-1"))
        await anyio.wait_all_tasks_blocked()
        assert door.said == [("t", 7)]
        broker.noted = anyio.Event()
        wakers.begin(ALICE, Spot("t", "turn-2"))
        with anyio.fail_after(5):
            await broker.noted.wait()
    assert door.said == [("t", 7), ("t", 9)]


async def test_a_notice_that_nobody_took_keeps_the_next_one_back_for_some_time_only() -> None:
    broker, door = StandIn(), Told(patience=0.01)
    async with waking(broker, door) as wakers:
        wakers.begin(ALICE, Spot("t", "turn-1"))
        await ring(broker, STEP)
        await ring(broker, NEXT)
    assert [cursor for _, cursor in door.said] == [7, 9]


async def test_a_notice_that_was_not_put_there_keeps_nothing_back() -> None:
    broker, door = StandIn(), Told(refuses="no such thread", patience=600)
    async with waking(broker, door) as wakers:
        wakers.begin(ALICE, Spot("t", "turn-1"))
        await ring(broker, STEP)
        await ring(broker, NEXT)
    assert [cursor for _, cursor in door.said] == [7, 9]


@pytest.mark.parametrize(
    ("meta", "spot"),
    [
        ({}, Spot()),
        ({"threadId": "t"}, Spot("t")),
        (
            {"threadId": "t", "x-codex-turn-metadata": {"turn_id": "u", "model": "m"}},
            Spot("t", "u"),
        ),
        ({"threadId": "t", "x-codex-turn-metadata": "u"}, Spot("t")),
        ({"threadId": None, "x-codex-turn-metadata": {"turn_id": 5}}, Spot()),
        ({"threadId": "a\0b"}, Spot()),
        ({"threadId": "--all"}, Spot()),
    ],
)
def test_codex_tells_its_thread_and_turn_in_each_call(meta: dict[str, object], spot: Spot) -> None:
    assert Spot.of(meta) == spot


async def test_a_broker_that_refuses_is_asked_again_at_the_next_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker, door = StandIn(), Told()
    refused = anyio.Event()

    async def refuse(**_: object) -> Doorstep:
        refused.set()
        raise BrokerUnavailable("none runs")

    async with waking(broker, door) as wakers:
        with monkeypatch.context() as patch:
            patch.setattr(broker, "await_bell", refuse)
            wakers.begin(ALICE, Spot())
            await refused.wait()
            await anyio.wait_all_tasks_blocked()
        wakers.begin(ALICE, Spot())
        await ring(broker, STEP)
    assert len(door.said) == 1


def test_the_notice_says_how_much_and_nothing_else() -> None:
    assert text(STEP) == "[signalpost] 2 unread messages for alice: receive_message shows them."


async def test_a_channel_is_a_notification_on_the_pipe() -> None:
    sending, receiving = anyio.create_memory_object_stream[SessionMessage](1)
    async with sending, receiving:
        await Channel(sending).tell("", STEP)
        message = receiving.receive_nowait().message
    assert isinstance(message, t.JSONRPCNotification)
    assert message.method == "notifications/claude/channel"
    assert message.params == {"content": text(STEP), "meta": {"agent": "alice", "unread": "2"}}


async def test_a_client_that_has_gone_is_not_told() -> None:
    sending, receiving = anyio.create_memory_object_stream[SessionMessage](1)
    async with sending:
        receiving.close()
        with pytest.raises(NotTold, match="gone"):
            await Channel(sending).tell("", STEP)


def codex(folder: Path, script: str) -> str:
    path = folder / "codex"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(stat.S_IRWXU)
    return str(path)


async def test_a_message_is_queued_in_the_thread_of_codex(tmp_path: Path) -> None:
    said = tmp_path / "said"
    queue = CodexQueue(codex(tmp_path, f'printf "%s\\n" "$@" >{said}; echo noise'))
    await queue.tell("t-1", STEP)
    words = said.read_text().splitlines()
    assert words[:4] == ["queue", "--thread", "t-1", "--message"]
    assert words[4].startswith(text(STEP))


@pytest.mark.parametrize(
    ("thread", "script", "why"),
    [("", "exit 0", "thread"), ("t", "echo no such thread >&2; exit 3", "exit 3 no such thread")],
)
async def test_why_codex_was_not_told(tmp_path: Path, thread: str, script: str, why: str) -> None:
    with pytest.raises(NotTold, match=why):
        await CodexQueue(codex(tmp_path, script)).tell(thread, STEP)


async def test_a_codex_that_is_none_was_not_told() -> None:
    with pytest.raises(NotTold):
        await CodexQueue("/no/such/codex").tell("t", STEP)
