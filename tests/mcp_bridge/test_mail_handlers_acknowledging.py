"""What is acknowledged and what is offered again, as raw messages pass over the pipe."""

from __future__ import annotations

import json
from typing import Any

import anyio
import pytest

from signalpost.transport.errors import BrokerUnavailable
from signalpost.transport.letters import Held
from signalpost.transport.mail import Sent
from tests.mcp_bridge.mail_stand_in import SENT, delivery
from tests.mcp_bridge.stand_in import StandIn, raw_bridge
from tests.mcp_bridge.wire import Wire

ID1, ID2 = Held("id1", b"lease1"), Held("id2", b"lease2")


async def _receive(wire: Wire, number: int, **arguments: object) -> dict[str, Any]:
    await wire.call(number, "receive_message", **arguments)
    line: dict[str, Any] = json.loads((await wire.text(number)).split("\n")[0])
    return line


async def test_a_late_cancel_gives_the_message_back_at_once() -> None:
    broker = StandIn(inbox=[delivery(1)])
    async with raw_bridge(broker) as wire:
        await _receive(wire, 1)
        await wire.cancel(1)
        await broker.returned.wait()
        assert broker.what("return") == [[ID1]]
        again = await _receive(wire, 2)
        assert (again["id"], again["redelivered"]) == ("id1", True)
        assert broker.what("take")[1]["acknowledge"] == []


async def test_opencode_cancels_what_it_has_read() -> None:
    broker = StandIn(inbox=[delivery(1)])
    async with raw_bridge(broker, client_name="opencode") as wire:
        await _receive(wire, 1)
        await wire.cancel(1)
        assert (await _receive(wire, 2))["acknowledged"] == ["id1"]
        assert broker.what("return") == []


async def test_a_cancelled_receive_takes_nothing() -> None:
    broker = StandIn(inbox=[delivery(1)], mail_held=anyio.Event())
    async with raw_bridge(broker) as wire:
        await wire.call(1, "receive_message")
        await broker.took.wait()
        await wire.cancel(1)
        await anyio.wait_all_tasks_blocked()
        assert broker.mail_held is not None
        broker.mail_held.set()
        assert (await _receive(wire, 2))["id"] == "id1"
        assert (await _receive(wire, 3))["acknowledged"] == ["id1"]


async def test_what_two_receives_at_once_took_is_offered_again() -> None:
    broker = StandIn(inbox=[delivery(1), delivery(2)], mail_held=anyio.Event())
    async with raw_bridge(broker) as wire:
        await wire.call(1, "receive_message")
        await wire.call(2, "receive_message")
        await anyio.wait_all_tasks_blocked()
        assert broker.mail_held is not None
        broker.mail_held.set()
        await wire.text(1)
        await wire.text(2)
        again = await _receive(wire, 3, max_messages=2)
        assert broker.what("return") == [[ID1, ID2]]
        assert again["redelivered"] is True
        assert "acknowledged" not in again


async def test_a_question_that_waits_does_not_have_mail_offered_again_and_again() -> None:
    broker = StandIn(inbox=[delivery(1)], mail_held=anyio.Event())
    async with raw_bridge(broker) as wire:
        await wire.call(1, "send_message", to="bob", content="?", wait_for="reply")
        await anyio.wait_all_tasks_blocked()
        broker.mail_held = None
        assert (await _receive(wire, 2))["id"] == "id1"
        assert (await _receive(wire, 3))["acknowledged"] == ["id1"]
        assert broker.what("return") == []


async def test_a_client_that_began_anew_is_offered_its_mail_again() -> None:
    broker = StandIn(inbox=[delivery(1)])
    async with raw_bridge(broker) as wire:
        await _receive(wire, 1)
        await wire.handshake(2, "test-client")
        assert (await _receive(wire, 3))["id"] == "id1"
        assert broker.what("return") == [[ID1]]


async def test_mail_taken_without_ack_is_only_acknowledged_by_hand() -> None:
    broker = StandIn(inbox=[delivery(1)])
    async with raw_bridge(broker) as wire:
        await _receive(wire, 1, ack=False)
        await wire.handshake(2, "test-client")
        assert (await _receive(wire, 3))["acknowledged"] == []
        assert list(broker.leased) == ["id1"]
        assert broker.what("return") == []


async def test_a_reply_acknowledges_what_it_answers() -> None:
    broker = StandIn(inbox=[delivery(1)])
    async with raw_bridge(broker) as wire:
        await _receive(wire, 1)
        await wire.call(2, "send_message", to="bob", content="yes", in_reply_to="id1")
        await wire.text(2)
        await _receive(wire, 3)
        assert broker.what("take")[1]["acknowledge"] == []


async def test_an_awaited_reply_is_acknowledged_like_any_mail() -> None:
    broker = StandIn(sent=Sent(sent=SENT.sent, reply=delivery(5)))
    async with raw_bridge(broker) as wire:
        await wire.call(1, "send_message", to="bob", content="?", wait_for="reply")
        await wire.text(1)
        assert (await _receive(wire, 2))["acknowledged"] == ["id5"]


async def test_a_late_cancel_gives_an_awaited_reply_back() -> None:
    broker = StandIn(sent=Sent(sent=SENT.sent, reply=delivery(5)))
    async with raw_bridge(broker) as wire:
        await wire.call(1, "send_message", to="bob", content="?", wait_for="reply")
        await wire.text(1)
        await wire.cancel(1)
        await broker.returned.wait()
        assert broker.what("return") == [[Held("id5", b"lease5")]]


@pytest.mark.parametrize("number", [99, 0])
async def test_a_cancel_of_something_else_changes_nothing(number: int) -> None:
    broker = StandIn(inbox=[delivery(1)])
    async with raw_bridge(broker) as wire:
        await _receive(wire, 1)
        await wire.cancel(number)
        assert (await _receive(wire, 2))["acknowledged"] == ["id1"]


async def test_what_a_refused_receive_would_have_acknowledged_is_said_by_the_next() -> None:
    broker = StandIn(inbox=[delivery(1)])
    async with raw_bridge(broker) as wire:
        await _receive(wire, 1)
        broker.refuses = BrokerUnavailable("no broker. Try again.")
        await wire.call(2, "receive_message")
        assert (await wire.text(2)).startswith("BROKER_UNAVAILABLE: ")
        broker.refuses = None
        assert (await _receive(wire, 3))["acknowledged"] == ["id1"]


async def test_a_conversation_does_not_acknowledge_the_mail_of_another() -> None:
    first, second = (
        {"name": "receive_message", "_meta": {"threadId": thread}} for thread in ("t-1", "t-2")
    )
    broker = StandIn(inbox=[delivery(1), delivery(2)])
    async with raw_bridge(broker, client_name="codex-mcp-client") as wire:
        for number, params in enumerate((first, second), 1):
            await wire.request(number, "tools/call", params)
            await wire.text(number)
        assert broker.what("take")[1]["acknowledge"] == []
