"""Receives that are MCP tasks; the broker is a stand-in."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from signalpost.transport.errors import BadRequest
from signalpost.transport.letters import Held
from tests.mcp_bridge.declared import DECLARED, LONG, at, call, get, refused
from tests.mcp_bridge.mail_stand_in import delivery
from tests.mcp_bridge.stand_in import StandIn, options, raw_bridge


async def test_mail_that_is_there_needs_no_task(tmp_path: Path) -> None:
    broker = StandIn(inbox=[delivery(1)])
    async with raw_bridge(broker, told=options(data_dir=tmp_path)) as wire:
        assert (await call(wire, 1, "receive_message", LONG))["resultType"] == "complete"


async def test_a_short_receive_is_answered_in_its_call(tmp_path: Path) -> None:
    broker = StandIn()
    async with raw_bridge(broker, told=options(data_dir=tmp_path)) as wire:
        assert (await call(wire, 1, "receive_message", {}))["resultType"] == "complete"
        assert broker.what("take")[0]["wait_seconds"] == 5


async def test_mail_comes_with_the_look_that_waits_for_it_and_is_shown_again(
    tmp_path: Path,
) -> None:
    broker = StandIn()
    async with raw_bridge(broker, told=options(data_dir=tmp_path)) as wire:
        made = await call(wire, 1, "receive_message", {**LONG, "from": "bob"})
        assert (made["status"], made["ttlMs"]) == ("working", 4_200_000)
        assert made["pollIntervalMs"] == 100  # each look waits, and between two the bell may ring
        assert (await get(wire, 2, made["taskId"]))["status"] == "working"
        broker.inbox = [delivery(1)]
        first, second = [await get(wire, number, made["taskId"]) for number in (3, 4)]
        assert "text 1" in first["result"]["content"][0]["text"]
        assert first == second
        takes = broker.what("take")
        assert [take["wait_seconds"] for take in takes] == [0, 2, 2]
        assert {take["sender"] for take in takes} == {"bob"}


async def test_what_a_wait_brought_is_acknowledged_by_the_next_receive(tmp_path: Path) -> None:
    broker = StandIn()
    async with raw_bridge(broker, told=options(data_dir=tmp_path)) as wire:
        name = (await call(wire, 1, "receive_message", LONG))["taskId"]
        broker.inbox = [delivery(1)]
        await get(wire, 2, name)
        await call(wire, 3, "receive_message", LONG)
        assert broker.what("take")[-1]["acknowledge"] == [Held("id1", b"lease1")]


async def test_a_wait_may_be_longer_than_any_number_that_a_client_knows(tmp_path: Path) -> None:
    async with raw_bridge(StandIn(), told=options(data_dir=tmp_path)) as wire:
        made = await call(wire, 1, "receive_message", {"timeout": 1e308})
        assert (made["status"], made["ttlMs"]) == ("working", 2**53)
        assert (await get(wire, 2, made["taskId"]))["status"] == "working"


async def test_a_client_that_begins_anew_takes_nothing_back_by_an_old_number(
    tmp_path: Path,
) -> None:
    broker = StandIn()
    async with raw_bridge(broker, told=options(data_dir=tmp_path)) as wire:
        name = (await call(wire, 1, "receive_message", LONG))["taskId"]
        broker.inbox = [delivery(1)]
        first = await get(wire, 2, name)
        await wire.handshake(1)
        assert await refused(wire, 2, "tasks/get", "8") == -32602
        assert await get(wire, 3, name) == first


async def test_a_look_of_the_client_acknowledges_nothing(tmp_path: Path) -> None:
    broker = StandIn()
    async with raw_bridge(broker, told=options(data_dir=tmp_path)) as wire:
        name = (await call(wire, 1, "receive_message", LONG))["taskId"]
        broker.inbox = [delivery(1)]
        await call(wire, 2, "receive_message", {})
        assert (await get(wire, 3, name))["status"] == "working"
        assert broker.what("take")[-1]["acknowledge"] == []


async def test_mail_that_the_client_did_not_want_goes_back_and_comes_again(
    tmp_path: Path,
) -> None:
    broker = StandIn()
    async with raw_bridge(broker, told=options(data_dir=tmp_path)) as wire:
        name = (await call(wire, 1, "receive_message", LONG))["taskId"]
        broker.inbox = [delivery(1)]
        await get(wire, 2, name)
        await wire.cancel(2)
        await broker.returned.wait()
        again = await get(wire, 3, name)
        assert '"redelivered":true' in again["result"]["content"][0]["text"]


async def test_a_result_that_another_look_has_shown_stays_when_the_first_is_cancelled(
    tmp_path: Path,
) -> None:
    broker = StandIn()
    async with raw_bridge(broker, told=options(data_dir=tmp_path)) as wire:
        name = (await call(wire, 1, "receive_message", LONG))["taskId"]
        broker.inbox = [delivery(1)]
        await get(wire, 2, name)
        shown = await get(wire, 3, name)
        await wire.cancel(2)
        await broker.returned.wait()
        assert await get(wire, 4, name) == shown


async def test_a_cancelled_wait_takes_nothing_more(tmp_path: Path) -> None:
    broker = StandIn()
    async with raw_bridge(broker, told=options(data_dir=tmp_path)) as wire:
        name = (await call(wire, 1, "receive_message", LONG))["taskId"]
        broker.mail_held, broker.took = anyio.Event(), anyio.Event()
        await wire.request(2, "tasks/get", {"taskId": name, "_meta": DECLARED})
        await broker.took.wait()
        await wire.request(3, "tasks/cancel", {"taskId": name, "_meta": DECLARED})
        answers = [await wire.receive() for _ in range(2)]
        statuses = [answer.model_dump().get("result", {}).get("status") for answer in answers]
        assert sorted(statuses, key=str) == [None, "cancelled"]
        assert (await get(wire, 4, name))["status"] == "cancelled"
        assert len(broker.what("take")) == 2


async def test_a_wait_whose_time_is_up_says_so_and_what_it_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = at(monkeypatch, 1000.0)
    broker = StandIn(inbox=[delivery(1)])
    async with raw_bridge(broker, told=options(data_dir=tmp_path)) as wire:
        await call(wire, 1, "receive_message", LONG)
        name = (await call(wire, 2, "receive_message", LONG))["taskId"]
        clock.now = 1599.5
        first = await get(wire, 3, name)
        text = '{"status":"no_messages","timeout":600,"acknowledged":["id1"]}'
        assert first["result"]["content"][0]["text"] == text
        assert broker.what("take")[-1]["wait_seconds"] == 0.5
        broker.inbox, clock.now = [delivery(2)], 5199.0
        assert await get(wire, 4, name) == first
        clock.now = 5201.0
        assert await refused(wire, 5, "tasks/get", name) == -32602


async def test_a_wait_that_is_refused_has_the_refusal_for_a_result(tmp_path: Path) -> None:
    broker = StandIn()
    async with raw_bridge(broker, told=options(data_dir=tmp_path)) as wire:
        name = (await call(wire, 1, "receive_message", LONG))["taskId"]
        broker.refuses = BadRequest("no. Do this.")
        got = await get(wire, 2, name)
        assert (got["status"], got["result"]["isError"]) == ("completed", True)


async def test_a_new_bridge_goes_on_with_an_old_wait(tmp_path: Path) -> None:
    alice = options(data_dir=tmp_path, agent="alice")
    async with raw_bridge(StandIn(), told=alice) as wire:
        name = (await call(wire, 1, "receive_message", LONG))["taskId"]
    async with raw_bridge(StandIn(inbox=[delivery(1)]), told=alice) as wire:
        assert "text 1" in (await get(wire, 1, name))["result"]["content"][0]["text"]
