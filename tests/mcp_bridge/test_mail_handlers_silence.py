"""Mail of a client that may let go of a call without a word, as Gemini CLI does on Esc."""

from __future__ import annotations

import json

import anyio
import pytest

from signalpost.mcp_bridge import deliveries
from signalpost.transport.letters import Held
from signalpost.transport.mail import Sent
from tests.mcp_bridge.mail_stand_in import SENT, delivery
from tests.mcp_bridge.stand_in import StandIn, raw_bridge
from tests.mcp_bridge.wire import Wire

GEMINI = "gemini-cli-mcp-client"
HINT = (
    "Unless you answer it, call acknowledge_message when it is done: else you are offered it again."
)


@pytest.fixture(autouse=True)
def every_call_waited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(deliveries.UNREAD_AFTER, GEMINI, -1.0)


async def _receive(wire: Wire, number: int, **arguments: object) -> str:
    await wire.call(number, "receive_message", **arguments)
    return await wire.text(number)


async def test_what_a_person_may_have_interrupted_is_offered_again() -> None:
    broker = StandIn(inbox=[delivery(1)])
    async with raw_bridge(broker, client_name=GEMINI) as wire:
        assert (await _receive(wire, 1)).endswith(HINT)
        again = json.loads((await _receive(wire, 2)).split("\n")[0])
        assert (again["id"], again["redelivered"], "acknowledged" in again) == ("id1", True, False)
        assert broker.what("return") == [[Held("id1", b"lease1")]]


async def test_what_the_model_acknowledges_itself_is_done() -> None:
    broker = StandIn(inbox=[delivery(1)])
    async with raw_bridge(broker, client_name=GEMINI) as wire:
        await _receive(wire, 1)
        await wire.call(2, "acknowledge_message", message_ids="id1")
        await wire.text(2)
        assert json.loads(await _receive(wire, 3))["status"] == "no_messages"
        assert broker.what("return") == []


async def test_an_awaited_reply_that_may_be_unread_is_offered_as_mail() -> None:
    broker = StandIn(sent=Sent(sent=SENT.sent, reply=delivery(5)))
    async with raw_bridge(broker, client_name=GEMINI) as wire:
        await wire.call(1, "send_message", to="bob", content="?", wait_for="reply")
        assert (await wire.text(1)).endswith(HINT)
        assert json.loads((await _receive(wire, 2)).split("\n")[0])["id"] == "id5"


async def test_a_receive_that_nobody_reads_any_more_keeps_no_mail_from_the_next() -> None:
    broker = StandIn(inbox=[delivery(1)], mail_held=anyio.Event())
    async with raw_bridge(broker, client_name=GEMINI) as wire:
        await wire.call(1, "receive_message", timeout=300)
        await broker.took.wait()
        await wire.call(2, "receive_message", timeout=300)
        assert json.loads(await wire.text(1))["status"] == "no_messages"
        assert broker.mail_held is not None
        broker.mail_held.set()
        assert json.loads((await wire.text(2)).split("\n")[0])["id"] == "id1"


async def test_other_clients_tell_what_they_give_up() -> None:
    broker = StandIn(inbox=[delivery(1)])
    async with raw_bridge(broker, client_name="claude-code") as wire:
        assert HINT not in await _receive(wire, 1)
        assert json.loads(await _receive(wire, 2))["acknowledged"] == ["id1"]
