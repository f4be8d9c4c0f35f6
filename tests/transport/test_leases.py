# pyright: reportPrivateUsage=false
"""What is held is extended as long as somebody works on it."""

from __future__ import annotations

import anyio
import msgspec
import pytest

from signalpost.transport import mail, messages
from signalpost.transport.client import Client
from signalpost.transport.errors import StaleLease
from signalpost.transport.leases import lease_seconds
from signalpost.transport.letters import Held
from tests.transport.postman import asked, delivering, letter, post_town, settled, too_late
from tests.transport.stand_in_broker import WELCOME, Answer, Script

BRIEF = msgspec.structs.replace(WELCOME, settings={"--lease": "0.03"})
HELD = Held("m1", b"t1")


def briefly(script: Script) -> Script:
    """A broker whose leases last 30 ms."""

    def brief(request: messages.Request) -> Answer | None:
        return BRIEF if isinstance(request, messages.Hello) else script(request)

    return brief


@pytest.mark.parametrize(
    ("settings", "seconds"),
    [({"--lease": "30"}, 30), ({"--lease": "0.5"}, 0.5), ({}, 600), ({"--lease": "soon"}, 600)],
)
def test_the_broker_says_how_long_a_lease_is(settings: dict[str, str], seconds: float) -> None:
    assert lease_seconds(msgspec.structs.replace(WELCOME, settings=settings)) == seconds
    assert lease_seconds(None) == 600


async def test_a_lease_is_extended_again_and_again_while_its_block_is_open() -> None:
    async with post_town(briefly(delivering([letter()]))) as (client, broker, _):
        async with client.receive():
            await broker.hears(mail.Extend, 3)
        assert set(map(str, asked(broker, mail.Extend))) == {str(mail.Extend(messages=[HELD]))}
        assert settled(broker) == [("ack", HELD)]


async def test_all_that_is_held_is_extended_in_one_request() -> None:
    async with (
        post_town(briefly(delivering([letter(1), letter(2)]))) as (client, broker, _),
        client.receive(),
        client.receive(),
    ):
        both = mail.Extend(messages=[HELD, Held("m2", b"t2")])
        with anyio.fail_after(5):
            while both not in asked(broker, mail.Extend):
                await broker.hears(mail.Extend, broker.heard_of(mail.Extend) + 1)


async def test_nothing_is_extended_when_nothing_is_held() -> None:
    async with post_town(briefly(delivering([letter()]))) as (client, broker, _):
        async with client.receive():
            await broker.hears(mail.Extend)
        heard = broker.heard_of(mail.Extend)
        assert client._leases._holds == {}
        await client.ping()
        await anyio.wait_all_tasks_blocked()
        assert broker.heard_of(mail.Extend) == heard


async def test_a_lease_that_is_over_is_extended_no_more_and_told_at_the_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with post_town(briefly(delivering([letter(1), letter(2)], too_late))) as (c, broker, _):
        with pytest.raises(StaleLease):
            async with c.receive():
                await broker.hears(mail.Extend)
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(_work, c)
                    await broker.hears(mail.Extend, 2)
                    tasks.cancel_scope.cancel()
        assert mail.Extend(messages=[Held("m2", b"t2")]) in asked(broker, mail.Extend)
    assert "message m1: STALE_LEASE: not held any more." in caplog.text


async def _work(client: Client) -> None:
    async with client.receive():
        await anyio.sleep_forever()


async def test_a_broker_that_refuses_to_extend_is_asked_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refusing(request: messages.Request) -> Answer | None:
        if isinstance(request, mail.Extend):
            return messages.Failed(code="INTERNAL", detail="a fault")
        return messages.Accepted()

    async with post_town(briefly(delivering([letter()], refusing))) as (client, broker, _):
        with pytest.raises(KeyError):
            async with client.receive():
                await broker.hears(mail.Extend, 2)
                raise KeyError
    assert "leases were not extended: a fault" in caplog.text


async def test_a_message_that_comes_again_is_held_twice_and_each_block_tells_its_own() -> None:
    again = letter(1, lease=b"new", redelivered=True)

    def first_is_over(request: messages.Request) -> Answer | None:
        if isinstance(request, mail.Settle) and request.messages == [HELD]:
            return too_late(request)
        return delivering([])(request)

    async with post_town(delivering([letter(1), again], first_is_over)) as (client, broker, _):
        with pytest.raises(StaleLease):
            async with client.receive(), client.receive() as message:
                assert message is not None
                assert message.redelivered
        assert settled(broker) == [("ack", Held("m1", b"new")), ("ack", HELD)]
