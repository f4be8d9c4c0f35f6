# pyright: reportPrivateUsage=false
"""Both ends in one process over a real socket."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
import zmq

from signalpost.transport.errors import BrokerUnavailable
from signalpost.transport.frames import MAX_PAYLOAD
from signalpost.transport.outbox import Outbox
from signalpost.transport.peer import Peer
from signalpost.transport.sockets import BATCH, Dealer, Message, Router
from tests.transport.ears import PATIENCE, Ear, H, connected, numbered, serving


@pytest.fixture
def endpoint() -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="sp", dir="/tmp"))
    yield f"ipc://{folder}/s"
    shutil.rmtree(folder)


@pytest.mark.parametrize("count", [1, BATCH, BATCH + 1, 2000])
async def test_what_comes_in_one_go_is_heard_and_answered_in_order(
    endpoint: str, count: int
) -> None:
    async with serving(endpoint) as (_, heard, tasks):
        dealer, ear = connected(endpoint, tasks)
        for payload in numbered(count):
            dealer.send(H, payload)
        await ear.count(count)
        assert heard.heard == ear.heard == numbered(count)


async def test_many_in_one_go_leave_room_for_others(endpoint: str) -> None:
    async with serving(endpoint) as (_, _, tasks):
        dealer, ear = connected(endpoint, tasks)
        for payload in numbered(2000):
            dealer.send(H, payload)
        rounds = 0
        with anyio.fail_after(PATIENCE):
            while len(ear.heard) < 2000:
                rounds += 1
                await anyio.lowlevel.checkpoint()
        assert rounds > 2000 / BATCH


async def test_a_turn_beside_a_flood_is_short_and_others_edges_add_no_turns(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signalpost.transport.sockets.BURST_SECONDS", -1)
    taken: Counter[int] = Counter()
    rounds = 0

    async with serving(endpoint, lambda _: taken.update([rounds])) as (_, _, tasks):
        flooding, (polite, _) = connected(endpoint, tasks)[0], connected(endpoint, tasks)
        for payload in numbered(3000):
            flooding.send(H, payload)
        with anyio.fail_after(PATIENCE):
            while taken.total() < 3000:
                if rounds % 8 == 0:  # what came before is read by now, so this is an edge
                    polite.send(H, b"")
                rounds += 1
                await anyio.lowlevel.checkpoint()
    assert max(taken.values()) <= 2  # the first, and one that ends the burst


async def test_the_peer_is_who_the_kernel_says(endpoint: str) -> None:
    peers: list[Peer] = []
    done = anyio.Event()

    def handle(message: Message) -> None:
        peers.append(message.peer())
        done.set()

    async with serving(endpoint, handle) as (_, _, tasks):
        dealer, _ = connected(endpoint, tasks)
        dealer.send(H, b"")
        with anyio.fail_after(PATIENCE):
            await done.wait()
    assert peers == [Peer(os.getuid(), os.getpid())]


async def test_a_post_from_elsewhere_between_two_reads_loses_no_wake_up(endpoint: str) -> None:
    async with serving(endpoint) as (router, heard, tasks):
        dealer, ear = connected(endpoint, tasks)
        dealer.send(H, b"first")
        await ear.count(1)

        async def chatter() -> None:
            while True:
                router.post(heard.identities[0], H, b"chatter")
                await ear.count(len(ear.heard) + 1)

        tasks.start_soon(chatter)
        for number in range(500):
            dealer.send(H, b"%d" % number)
            with anyio.fail_after(PATIENCE):
                while b"%d" % number not in ear.heard[-3:]:
                    await ear.count(len(ear.heard) + 1)


async def test_a_send_from_inside_the_handler_is_heard(endpoint: str) -> None:
    async with serving(endpoint) as (_, heard, tasks):
        dealer = Dealer(endpoint, linger_ms=0)
        ear = Ear()

        def answer(parts: list[bytes]) -> None:
            ear.note(parts)
            if len(ear.heard) < 500:
                dealer.send(H, str(len(ear.heard)).encode())

        async def serve() -> None:
            with dealer:
                await dealer.serve(answer)

        tasks.start_soon(serve)
        dealer.send(H, b"0")
        await ear.count(500)
        assert heard.heard == numbered(500)


async def test_what_came_before_serving_is_heard(endpoint: str) -> None:
    with Router(endpoint) as router, Dealer(endpoint, linger_ms=0) as dealer:
        for payload in numbered(3):
            dealer.send(H, payload)
        ear = Ear()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(router.serve, ear.hear)
            await ear.count(3)
            tasks.cancel_scope.cancel()
        assert ear.heard == numbered(3)


async def test_who_is_served_again_hears_as_before_though_a_turn_was_due(endpoint: str) -> None:
    with Router(endpoint) as router, Dealer(endpoint, linger_ms=0) as dealer:
        ear = Ear()
        for served in (1, 2, 3):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(router.serve, ear.hear)
                dealer.send(H, b"")
                await ear.count(served)
                router.post(ear.identities[0], H, b"")  # makes a turn due
                tasks.cancel_scope.cancel()


# ---------------------------------------------------------------- peers of all kinds


async def test_a_peer_that_is_gone_costs_nothing(endpoint: str) -> None:
    async with serving(endpoint) as (router, heard, tasks):
        with Dealer(endpoint) as gone:
            gone.send(H, b"last words")
            await heard.count(1)
        router.post(b"nobody", H, b"")
        for _ in range(300):
            router.post(heard.identities[0], H, b"x" * 1000)
        dealer, ear = connected(endpoint, tasks)
        dealer.send(H, b"still there")
        await ear.count(1)
        assert ear.heard == [b"still there"]


async def test_a_slow_peer_loses_nothing_and_holds_up_nobody(endpoint: str) -> None:
    count, big = 1500, b"x" * 20_000  # more than its queue and the kernel's buffers take
    async with serving(endpoint) as (router, heard, tasks):
        slow = Dealer(endpoint, linger_ms=0)
        slow.send(H, b"hello")
        await heard.count(1)
        for payload in numbered(count):
            router.post(heard.identities[0], H, payload.rjust(8) + big)
        quick, ear = connected(endpoint, tasks)
        quick.send(H, b"me too")
        await ear.count(1)
        late = Ear()

        def read(parts: list[bytes]) -> None:
            late.note([parts[-1][:8].strip()])
            if len(late.heard) % 50 == 0:
                slow.send(H, b"go on")  # any word of a peer has the rest sent

        async def serve() -> None:
            with slow:
                await slow.serve(read)

        tasks.start_soon(serve)
        with anyio.fail_after(PATIENCE):
            while len([p for p in late.heard if p.isdigit()]) < count:
                slow.send(H, b"go on")
                await late.count(len(late.heard) + 1)
        assert sorted(p for p in late.heard if p.isdigit()) == sorted(numbered(count))


def test_what_was_stalled_is_not_overtaken_by_what_is_due_already() -> None:
    outbox = Outbox(len)
    for payload in numbered(2):
        outbox.post((b"slow", H, payload))
    first = outbox.take()
    assert first is not None
    outbox.stall(first)  # and now the peer reads
    assert outbox.take() is None


async def test_too_large_a_message_cuts_off_its_sender_only(endpoint: str) -> None:
    async with serving(endpoint) as (_, heard, tasks):
        good, ear = connected(endpoint, tasks)
        good.send(H, b"one")
        await ear.count(1)
        bad, bad_ear = connected(endpoint, tasks)
        bad.send(H, b"x" * (MAX_PAYLOAD + 5000))
        bad.send(H, b"again")  # it is connected anew by itself
        await bad_ear.count(1)
        good.send(H, b"x" * MAX_PAYLOAD)
        await ear.count(2)
        assert sorted(map(len, heard.heard)) == [3, 5, MAX_PAYLOAD]
        assert heard.identities[0] == heard.identities[2]


async def test_more_frames_than_can_be_right_are_not_kept(endpoint: str) -> None:
    async with serving(endpoint) as (_, heard, tasks):
        dealer, ear = connected(endpoint, tasks)
        dealer._raw.send_multipart([b"x"] * 50_000)
        dealer.send(H, b"next")
        await ear.count(2)
        assert heard.parts == [3, 2]


async def test_a_handler_that_raises_ends_the_serving(endpoint: str) -> None:
    def handle(_: Message) -> None:
        raise ZeroDivisionError

    with pytest.raises(ExceptionGroup) as caught:
        async with serving(endpoint, handle) as (_, _, tasks):
            dealer, _ = connected(endpoint, tasks)
            dealer.send(H, b"")
            await anyio.sleep_forever()
    assert caught.group_contains(ZeroDivisionError)


# ---------------------------------------------------------------- edges


async def test_a_forked_child_may_not_send(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Router(endpoint), Dealer(endpoint, linger_ms=0) as dealer:
        parent = os.getpid()
        monkeypatch.setattr(os, "getpid", lambda: parent + 1)
        with pytest.raises(BrokerUnavailable, match="after the fork"):
            dealer.send(H, b"")
        monkeypatch.undo()
        dealer.send(H, b"")


async def test_a_broker_that_takes_nothing_more_is_reported(endpoint: str) -> None:
    with Dealer(endpoint, linger_ms=0) as dealer:
        dealer._raw.set(zmq.SNDHWM, 1)
        with pytest.raises(BrokerUnavailable, match="signalpost doctor"):
            for _ in range(20_000):
                dealer.send(H, b"")


async def test_closing_does_not_wait_for_who_reads_nothing(endpoint: str) -> None:
    with anyio.fail_after(PATIENCE):
        before = anyio.current_time()
        async with serving(endpoint) as (router, heard, _):
            slow = Dealer(endpoint, linger_ms=0)
            slow.send(H, b"hello")
            await heard.count(1)
            for _ in range(300):
                router.post(heard.identities[0], H, b"x" * 20_000)
        router.close()
        slow.close()
        slow.close()
        assert anyio.current_time() - before < 3


async def test_a_client_that_closes_leaves_its_last_words(endpoint: str) -> None:
    async with serving(endpoint) as (_, heard, _):
        with Dealer(endpoint) as dealer:
            dealer.send(H, b"0")
            await heard.count(1)
            for payload in numbered(100)[1:]:
                dealer.send(H, payload)
        await heard.count(100)
        assert heard.heard == numbered(100)
