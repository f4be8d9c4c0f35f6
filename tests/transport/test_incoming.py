"""Mail in a loop: push-based, acknowledged one by one."""

from __future__ import annotations

import gc

import anyio
import anyio.lowlevel
import pytest

from signalpost.transport import mail
from signalpost.transport.client import Client
from signalpost.transport.errors import StaleLease
from signalpost.transport.letters import Held
from tests.transport.postman import (
    answering,
    asked,
    delivering,
    letter,
    post_town,
    settled,
    too_late,
)

FIRST, SECOND = Held("m1", b"t1"), Held("m2", b"t2")


async def test_each_message_is_acknowledged_when_the_next_is_asked_for() -> None:
    async with post_town(delivering([letter(1), letter(2)])) as (client, broker, _):
        seen: list[str] = []
        async with client.inbox(sender="bob") as inbox:
            async for message in inbox:
                assert [held.message_id for _, held in settled(broker)] == seen
                seen.append(message.id)
                if len(seen) == 2:
                    break
                assert settled(broker) == []
        assert seen == ["m1", "m2"]
        assert settled(broker) == [("ack", FIRST), ("ack", SECOND)]
        wanted = mail.Receive(wait_seconds=None, sender="bob")
        assert asked(broker, mail.Receive) == [wanted, wanted]


async def test_one_request_waits_for_mail_and_nothing_is_asked_meanwhile() -> None:
    got: list[str] = []

    async def work(client: Client) -> None:
        async for message in client.inbox():
            got.append(message.id)  # noqa: PERF401 - the loop is what is tested

    async with (
        post_town(delivering([])) as (client, broker, _),
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(work, client)
        waiting = await broker.hears(mail.Receive)
        await client.ping()
        assert broker.heard_of(mail.Receive) == 1
        broker.say(waiting, mail.Deliveries(messages=[letter()]))
        await broker.hears(mail.Receive, 2)
        assert got == ["m1"]
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("error", "outcome"), [(KeyError(), "nack"), (KeyboardInterrupt(), "return")]
)
async def test_a_block_left_by_an_error_returns_the_message_at_hand(
    error: BaseException, outcome: str
) -> None:
    async with post_town(delivering([letter(1), letter(2)])) as (client, broker, _):
        with pytest.raises(type(error)):
            async with client.inbox() as inbox:
                async for message in inbox:
                    if message.id == "m2":
                        raise error
        assert settled(broker) == [("ack", FIRST), (outcome, SECOND)]


async def test_a_cancelled_block_returns_the_message_at_hand_uncounted() -> None:
    async with post_town(delivering([letter()])) as (client, broker, _):
        with anyio.CancelScope() as scope:
            async with client.inbox() as inbox:
                async for _ in inbox:
                    scope.cancel()
                    await anyio.sleep_forever()
        assert settled(broker) == [("return", FIRST)]


async def test_a_loop_without_a_block_returns_the_message_at_which_it_was_left() -> None:
    async with post_town(delivering([letter(1), letter(2)])) as (client, broker, _):
        async for message in client.inbox():
            if message.id == "m2":
                break
        gc.collect()
        await broker.hears(mail.Settle, 2)
        assert settled(broker) == [("ack", FIRST), ("return", SECOND)]


async def test_a_loop_that_is_left_with_its_client_warns_of_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with post_town(delivering([letter()])) as (client, broker, _):
        loop = aiter(client.inbox())
        await anext(loop)
        await broker.hears(mail.Receive)
    await loop.aclose()  # type: ignore[attr-defined]
    assert caplog.text == ""


async def test_a_block_that_goes_on_after_its_loop_keeps_the_message_at_hand() -> None:
    async with post_town(delivering([letter()])) as (client, broker, _):
        async with client.inbox() as inbox:
            async for _ in inbox:
                break
            gc.collect()
            await client.ping()
            assert settled(broker) == []
        assert settled(broker) == [("ack", FIRST)]


async def test_loops_at_once_share_the_mail_and_settle_their_own() -> None:
    async with post_town(delivering([letter(n) for n in range(1, 7)])) as (client, broker, _):
        seen: list[str] = []

        async def work(client: Client) -> None:
            async with client.inbox() as inbox:
                async for message in inbox:
                    seen.append(message.id)
                    await anyio.lowlevel.checkpoint()

        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(work, client)
            await broker.hears(mail.Receive, 9)  # six that got one, three that wait
            tasks.cancel_scope.cancel()
        assert sorted(seen) == [f"m{n}" for n in range(1, 7)]
        assert sorted(held.message_id for _, held in settled(broker)) == sorted(seen)
        assert {outcome for outcome, _ in settled(broker)} == {"ack"}


async def test_what_is_not_held_any_more_keeps_no_other_message_from_being_settled() -> None:
    letters = [letter(1), letter(2), letter(3)]
    async with post_town(delivering(letters, too_late)) as (client, broker, _):
        with pytest.raises(StaleLease):
            async with client.inbox() as inbox:
                loops = [aiter(inbox) for _ in letters]
                for loop in loops:
                    await anext(loop)
        told = {held.message_id for outcome, held in settled(broker) if outcome == "ack"}
        assert told == {"m1", "m2", "m3"}


async def test_a_reply_in_a_loop_leaves_nothing_to_acknowledge() -> None:
    sent = mail.Sent(sent=[])

    async with post_town(delivering([letter(1), letter(2)], answering((mail.Send, sent)))) as (
        client,
        broker,
        _,
    ):
        async with client.inbox() as inbox:
            async for message in inbox:
                client._leases.replied(message.id)  # pyright: ignore[reportPrivateUsage]
                if message.id == "m2":
                    break
        assert settled(broker) == []


async def test_the_loop_ends_when_the_agent_is_removed() -> None:
    none = mail.Deliveries(messages=[])
    async with post_town(answering((mail.Receive, none))) as (client, broker, _):
        assert [message async for message in client.inbox()] == []
        assert broker.heard_of(mail.Receive) == 1


async def test_a_message_that_was_not_held_any_more_does_not_end_the_loop(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with post_town(delivering([letter(1), letter(2)], too_late)) as (client, _, _):
        with pytest.raises(Exception, match="not held"):
            async with client.inbox() as inbox:
                async for message in inbox:
                    if message.id == "m2":
                        assert "message m1: STALE_LEASE" in caplog.text
                        break
