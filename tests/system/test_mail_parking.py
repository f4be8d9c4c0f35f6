"""Senders that wait for room in a full inbox."""

from __future__ import annotations

import signal
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

import signalpost
from signalpost.transport.errors import InboxFull
from signalpost.transport.letters import Held
from tests.system.bridge import Bridge, bridge
from tests.system.place import Place, within
from tests.system.puppet import Ask, puppet
from tests.system.shown import only


@asynccontextmanager
async def full(place: Place, room: int = 1) -> AsyncGenerator[signalpost.Client, None]:
    """Give worker an inbox with room for so many messages, and put them there."""
    async with place.client("worker") as worker:
        await worker.register("worker", inbox_bound=room)
        for _ in range(room):
            await worker.send("worker", "first")
        yield worker


async def parked(worker: signalpost.Client, count: int) -> None:
    """Return when so many senders wait for room."""
    while (await worker.inboxes("worker"))[0].waiting_senders != count:
        pass


async def counted(watcher: signalpost.Client, count: int) -> None:
    """Return when so many messages are in reader's inbox or wait for room there."""
    while True:
        [inbox] = await watcher.inboxes("reader")
        if inbox.depth + inbox.waiting_senders == count:
            return


async def next_one(worker: signalpost.Client) -> str:
    async with worker.receive() as message:
        assert message is not None
        return message.content


@within(40)
async def test_parked_senders_are_let_in_one_by_one_in_their_order(place: Place) -> None:
    async with full(place) as worker, AsyncExitStack() as stack:
        senders = [await stack.enter_async_context(puppet(place, f"s{n}")) for n in range(3)]
        asks: list[Ask] = []
        for number in range(9):
            sender = senders[number % 3]
            asks.append(sender.ask("send", to="worker", content=str(number)))
            await parked(worker, number + 1)
        assert await next_one(worker) == "first"
        for number, ask in enumerate(asks):
            await ask.result()
            assert not any(later.done.is_set() for later in asks[number + 1 :])
            assert await next_one(worker) == str(number)


@within(40)
async def test_room_for_several_is_theirs_who_wait_longest_also_of_one_who_stands_still(
    place: Place,
) -> None:
    async with full(place, room=3) as worker, AsyncExitStack() as stack:
        senders = [await stack.enter_async_context(puppet(place, f"s{n}")) for n in range(4)]
        asks: list[Ask] = []
        for number in range(8):
            asks.append(senders[number % 4].ask("send", to="worker", content=str(number)))
            await parked(worker, number + 1)
        senders[1].process.send_signal(signal.SIGSTOP)
        senders[2].give_up(asks[2])
        await parked(worker, 7)
        got: list[str] = []
        while len(got) < 3 + 7 + 1:
            some = (await worker.take(wait_seconds=None, max_messages=3)).messages
            got += [message.content for message in some]
            if len(got) == 3:  # whoever comes now comes last
                asks.append(senders[3].ask("send", to="worker", content="late"))
                await parked(worker, 8)
            await worker.settle([Held(message.id, message.lease) for message in some])
        assert got == [*["first"] * 3, *"0134567", "late"]
        senders[1].process.send_signal(signal.SIGCONT)
        for ask in (*asks[:2], *asks[3:]):
            await ask.result()


@within(40)
async def test_who_waits_for_room_when_the_broker_dies_waits_at_the_next_one(place: Place) -> None:
    async with (
        full(place) as worker,
        puppet(place, "s0") as left,
        puppet(place, "s1") as right,
    ):
        asks: list[Ask] = []
        for number in range(6):
            sender = (left, right)[number % 2]
            asks.append(sender.ask("send", to="worker", content=str(number)))
            await parked(worker, number + 1)
        family = place.family()
        place.broker_process().kill()
        await family.all_dead(5)
        await parked(worker, 6)
        assert await next_one(worker) == "first"
        got = [await next_one(worker) for _ in asks]
        assert [number for number in got if int(number) % 2 == 0] == ["0", "2", "4"]
        assert [number for number in got if int(number) % 2 == 1] == ["1", "3", "5"]
        for ask in asks:
            await ask.result()
    assert place.stored("SELECT state, count(*) FROM messages GROUP BY 1") == [("done", 7)]


@within(30)
async def test_a_sender_that_is_killed_while_it_waits_for_room_has_sent_nothing(
    place: Place,
) -> None:
    async with full(place) as worker, puppet(place, "s0") as mortal, puppet(place, "s1") as other:
        mortal.ask("send", to="worker", content="of the dead")
        await parked(worker, 1)
        sent = other.ask("send", to="worker", content="of the living")
        await parked(worker, 2)
        mortal.kill()
        await parked(worker, 1)
        assert await next_one(worker) == "first"
        await sent.result()
        assert await next_one(worker) == "of the living"
    contents = place.stored("SELECT content FROM bodies ORDER BY seq")
    assert contents == [("first",), ("of the living",)]


@within(30)
async def test_a_sender_that_waits_for_room_in_vain_is_told_how_full_it_is(place: Place) -> None:
    async with full(place) as worker:
        with pytest.raises(InboxFull, match="it takes 1 "):
            await worker.send("worker", "second", park_seconds=0.1)
        with pytest.raises(InboxFull):
            await worker.send("worker", "second", park_seconds=0)
        assert await next_one(worker) == "first"
        assert (await worker.send("worker", "third")).sent


@within(40)
async def test_bridges_wait_for_room_in_another_bridges_inbox(place: Place) -> None:
    await place.serve("--inbox-bound", "1")
    async with (
        bridge(place, "reader") as reader,
        bridge(place, "left") as left,
        bridge(place, "right") as right,
        place.client("watcher") as watcher,
    ):
        for it in (reader, left, right):
            await it.handshake()
            await it.answer(it.call("list_agents"))
        calls: list[tuple[Bridge, int]] = []
        for number, it in enumerate((left, right, right, left)):
            calls.append((it, it.call("send_message", to="reader", content=str(number))))
            await counted(watcher, number + 1)
        got = [
            only(await reader.text(reader.call("receive_message", timeout=10))) for _ in range(4)
        ]
        assert [(each.sender, each.body) for each in got] == [
            ("left", "0"),
            ("right", "1"),
            ("right", "2"),
            ("left", "3"),
        ]
        for it, number in calls:
            assert '"status":"sent"' in await it.text(number)
