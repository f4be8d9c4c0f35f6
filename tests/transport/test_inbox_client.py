"""Mail that a program works on: taken, kept and settled."""

from __future__ import annotations

import anyio
import msgspec
import pytest

from signalpost.transport import mail, messages
from signalpost.transport.errors import DeadlineExceeded, StaleLease, UnknownAgent
from signalpost.transport.letters import Held, Refusal, SentMessage, Stage
from signalpost.transport.received import Received
from tests.transport.postman import (
    SENT,
    answering,
    asked,
    delivering,
    letter,
    post_town,
    settled,
    settling,
    too_late,
)
from tests.transport.stand_in_broker import Answer

HELD = Held("m1", b"t1")
QUESTION = SentMessage("bob", "m9", "acked", "working")
REPLY = letter(2, kind="result", content="green", in_reply_to="m9")


# ---------------------------------------------------------------- receive


async def test_a_message_is_acknowledged_as_its_block_ends() -> None:
    async with post_town(delivering([letter()])) as (client, broker, _):
        async with client.receive(sender="bob", in_reply_to="m0") as message:
            assert message is not None
            assert (message.id, message.content) == ("m1", "build it")
            assert settled(broker) == []
        assert settled(broker) == [("ack", HELD)]
        wanted = mail.Receive(wait_seconds=None, sender="bob", in_reply_to="m0")
        assert asked(broker, mail.Receive) == [wanted]


async def test_no_message_in_time_is_none_and_settles_nothing() -> None:
    async with post_town(answering((mail.Receive, mail.Deliveries(messages=[])))) as (c, broker, _):
        async with c.receive(wait_seconds=0) as message:
            assert message is None
        assert settled(broker) == []


async def test_an_exception_returns_the_message_as_a_failed_attempt() -> None:
    async with post_town(delivering([letter()])) as (client, broker, _):
        with pytest.raises(KeyError):
            async with client.receive():
                raise KeyError
        assert settled(broker) == [("nack", HELD)]


async def test_a_cancelled_block_returns_the_message_uncounted() -> None:
    async with post_town(delivering([letter()])) as (client, broker, _):
        with anyio.CancelScope() as scope:
            async with client.receive():
                scope.cancel()
                await anyio.sleep_forever()
        assert settled(broker) == [("return", HELD)]


async def test_a_message_that_is_not_held_any_more_is_said_to_be_so() -> None:
    async with post_town(delivering([letter()], too_late)) as (client, _, _):
        with pytest.raises(StaleLease, match="not held any more"):
            async with client.receive():
                pass


async def test_a_broker_that_does_not_answer_holds_no_exception_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("signalpost.transport.leases._GIVE_BACK_SECONDS", 0.05)
    quiet = answering((mail.Receive, mail.Deliveries(messages=[letter()])), (mail.Settle, None))
    async with post_town(quiet) as (client, broker, _):
        with pytest.raises(KeyError):
            async with client.receive():
                raise KeyError
        assert settled(broker) == [("nack", HELD)]


async def test_the_error_of_a_block_is_told_before_that_of_the_return(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failed = messages.Failed(code="STORE_FULL", detail="free some space")
    script = answering((mail.Receive, mail.Deliveries(messages=[letter()])), (mail.Settle, failed))
    async with post_town(script) as (client, _, _):
        with pytest.raises(KeyError):
            async with client.receive():
                raise KeyError
    assert "message m1 was not settled and may be delivered again: free some space" in caplog.text


# ---------------------------------------------------------------- replies


async def test_a_reply_acknowledges_so_nothing_is_settled_after_it() -> None:
    def script(request: messages.Request) -> Answer | None:
        return SENT if isinstance(request, mail.Send) else too_late(request)

    async with post_town(delivering([letter()], script)) as (client, broker, _):
        async with client.receive() as message:
            assert message is not None
            assert await message.reply("done", metadata={"took": 3}) == SENT
        assert settled(broker) == []
        expected = mail.Send(
            to=["bob"], content="done", kind="result", metadata=b'{"took":3}', in_reply_to="m1"
        )
        assert asked(broker, mail.Send) == [expected]


async def test_a_refused_reply_leaves_the_message_to_the_block() -> None:
    def script(request: messages.Request) -> Answer | None:
        if isinstance(request, mail.Send):
            return messages.Failed(code="INBOX_FULL", detail="full")
        return settling(request)

    async with post_town(delivering([letter()], script)) as (client, broker, _):
        async with client.receive() as message:
            assert message is not None
            with pytest.raises(Exception, match="full"):
                await message.reply("done")
        assert settled(broker) == [("ack", HELD)]


async def test_a_reply_that_nobody_took_leaves_the_message_to_the_block_too() -> None:
    nobody = mail.Sent(sent=[], refused=[Refusal("eve", "INBOX_FULL", "full")])

    def script(request: messages.Request) -> Answer | None:
        return nobody if isinstance(request, mail.Send) else settling(request)

    async with post_town(delivering([letter()], script)) as (client, broker, _):
        async with client.receive():
            assert await client.send(["eve"], "done", in_reply_to="m1") == nobody
        assert settled(broker) == [("ack", HELD)]


# ---------------------------------------------------------------- ask


async def test_a_question_returns_its_reply_and_acknowledges_it() -> None:
    answer = mail.Sent(sent=[QUESTION], reply=REPLY)
    async with post_town(answering((mail.Send, answer))) as (client, broker, _):
        reply = await client.ask("bob", "how is it?", kind="ping", wait_seconds=5)
        assert isinstance(reply, Received)
        assert (reply.content, reply.in_reply_to) == ("green", "m9")
        await broker.hears(mail.Settle)
        assert settled(broker) == [("ack", Held("m2", b"t2"))]
        expected = mail.Send(
            to=["bob"],
            content="how is it?",
            kind="ping",
            wait_for="reply",
            wait_seconds=5,
            park_seconds=5,
        )
        assert asked(broker, mail.Send) == [expected]


@pytest.mark.parametrize(
    ("stage", "says"),
    [
        ("stored", "message m9 to bob is stored, and no reply came within 5 s"),
        ("delivered", "is delivered.*as mail"),
        ("acked", "is acked.*in_reply_to='m9'"),
        ("expired", "has expired.*ttl_seconds"),
        ("dead", "is a dead letter.*signalpost dead list"),
    ],
)
async def test_a_question_without_reply_names_the_stage_reached(stage: Stage, says: str) -> None:
    answer = mail.Sent(sent=[msgspec.structs.replace(QUESTION, stage=stage)])
    async with post_town(answering((mail.Send, answer))) as (client, _, _):
        with pytest.raises(DeadlineExceeded, match=says):
            await client.ask("bob", "how is it?", wait_seconds=5)


async def test_a_question_bounces_with_the_reason() -> None:
    answer = mail.Sent(sent=[QUESTION], bounced="bob has unregistered")
    async with post_town(answering((mail.Send, answer))) as (client, _, _):
        with pytest.raises(UnknownAgent, match=r"m9 to bob gets no reply: bob has unregistered\."):
            await client.ask("bob", "how is it?")


async def test_a_reply_whose_acknowledgement_fails_is_told_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def script(request: messages.Request) -> Answer | None:
        if isinstance(request, mail.Send):
            return mail.Sent(sent=[QUESTION], reply=REPLY)
        return too_late(request)

    async with post_town(script) as (client, _, _):
        assert (await client.ask("bob", "how is it?")).id == "m2"
        await client.ping()
    assert "message m2: STALE_LEASE: not held any more." in caplog.text
