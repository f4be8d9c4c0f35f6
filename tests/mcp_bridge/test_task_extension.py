"""The Tasks extension as a client that declares it meets it; the broker is a stand-in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest

from signalpost.mcp_bridge import server
from signalpost.mcp_bridge.task_extension import TASKS
from signalpost.transport.errors import BadRequest, QueueFull
from signalpost.transport.letters import Held
from tests.mcp_bridge.mail_stand_in import delivery
from tests.mcp_bridge.stand_in import RUN, StandIn, options, raw_bridge, report
from tests.mcp_bridge.wire import ENVELOPE, Wire, modern

DECLARED: dict[str, Any] = {
    **ENVELOPE,
    "io.modelcontextprotocol/clientCapabilities": {"extensions": {TASKS: {}}},
}
RUNNING = report(state="running", exit_code=None, ran_seconds=3)
LONG = {"timeout": 600}


class _Clock:
    """Stands in for the module :mod:`time`."""

    def __init__(self, now: float) -> None:
        self.now = now

    def time(self) -> float:
        return self.now


def _at(monkeypatch: pytest.MonkeyPatch, now: float) -> _Clock:
    clock = _Clock(now)
    monkeypatch.setattr(server, "time", clock)
    return clock


async def _ask(wire: Wire, number: int, method: str, **params: object) -> dict[str, Any]:
    await wire.request(number, method, {**params, "_meta": DECLARED})
    return await wire.answer(number)


async def _call(wire: Wire, number: int, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return await _ask(wire, number, "tools/call", name=tool, arguments=arguments)


async def _get(wire: Wire, number: int, name: str) -> dict[str, Any]:
    return await _ask(wire, number, "tasks/get", taskId=name)


# ---------------------------------------------------------------- who is served


async def test_the_extension_is_shown_to_those_who_declare_it_only() -> None:
    async with raw_bridge(StandIn()) as wire:
        assert (await _ask(wire, 1, "server/discover"))["capabilities"]["extensions"] == {TASKS: {}}
        await wire.request(2, "server/discover", modern())
        assert "extensions" not in (await wire.answer(2))["capabilities"]


async def test_who_does_not_declare_it_waits_for_the_result(tmp_path: Path) -> None:
    broker = StandIn(answer=RUNNING)
    async with raw_bridge(broker, told=options(data_dir=tmp_path)) as wire:
        await wire.call(1, "run_task", **RUN)
        assert (await wire.text(1)).startswith("RUNNING")
        await wire.request(2, "tools/call", modern(name="run_task", arguments=RUN))
        assert (await wire.answer(2))["resultType"] == "complete"
        assert [asked["wait_seconds"] for asked in broker.asked] == [50, 50]


@pytest.mark.parametrize("method", ["tasks/get", "tasks/cancel", "tasks/update"])
async def test_its_methods_are_for_those_who_declare_it(method: str) -> None:
    async with raw_bridge(StandIn()) as wire:
        await wire.request(1, method, {"taskId": "x"})
        assert (await wire.error(1)).code == -32601
        await wire.request(2, method, modern(taskId="x"))
        error = await wire.error(2)
        assert error.code == -32021
        assert error.data == {"requiredCapabilities": {"extensions": {TASKS: {}}}}


@pytest.mark.parametrize("method", ["tasks/get", "tasks/cancel", "tasks/update"])
async def test_an_id_that_was_made_up_is_refused(method: str, tmp_path: Path) -> None:
    async with raw_bridge(StandIn(), told=options(data_dir=tmp_path)) as wire:
        await wire.request(1, method, {"taskId": "8", "_meta": DECLARED})
        assert (await wire.error(1)).code == -32602


# ---------------------------------------------------------------- run_task


async def test_a_run_is_answered_at_once_and_fetched_when_it_has_ended(tmp_path: Path) -> None:
    broker = StandIn(answer=RUNNING)
    async with raw_bridge(broker, told=options(data_dir=tmp_path)) as wire:
        made = await _call(wire, 1, "run_task", RUN)
        assert (made["resultType"], made["status"]) == ("task", "working")
        assert broker.asked[0]["wait_seconds"] == 0
        working = await _get(wire, 2, made["taskId"])
        assert (working["resultType"], working["statusMessage"]) == ("complete", "running 3s")
        broker.answer = report(ended_at=5.0, ran_seconds=4)
        first, second = [await _get(wire, number, made["taskId"]) for number in (3, 4)]
        assert first["status"] == "completed"
        assert first["result"]["content"][0]["text"].startswith("SUCCESS exit=0 4.0s")
        assert first == second


async def test_a_run_that_has_ended_already_needs_no_task(tmp_path: Path) -> None:
    async with raw_bridge(StandIn(), told=options(data_dir=tmp_path)) as wire:
        done = await _call(wire, 1, "run_task", RUN)
        assert (done["resultType"], done["isError"]) == ("complete", False)


async def test_a_refused_run_is_told_in_its_call(tmp_path: Path) -> None:
    async with raw_bridge(StandIn(fails=QueueFull("full. Wait."))) as wire:
        refused = await _call(wire, 1, "run_task", RUN)
        assert (refused["resultType"], refused["isError"]) == ("complete", True)


async def test_a_run_with_notify_is_no_mcp_task(tmp_path: Path) -> None:
    async with raw_bridge(StandIn(answer=RUNNING), told=options(data_dir=tmp_path)) as wire:
        told = await _call(wire, 1, "run_task", {**RUN, "notify": True})
        assert told["resultType"] == "complete"


async def test_a_cancelled_run_is_killed_and_says_by_whom(tmp_path: Path) -> None:
    broker = StandIn(answer=RUNNING)
    async with raw_bridge(broker, told=options(data_dir=tmp_path)) as wire:
        name = (await _call(wire, 1, "run_task", RUN))["taskId"]
        ack = await _ask(wire, 2, "tasks/cancel", taskId=name)
        assert ack.keys() <= {"resultType", "_meta"}
        await anyio.wait_all_tasks_blocked()
        assert broker.asked[-1] == {"cancel": 8}
        broker.answer = report(state="cancelled", cancelled_by="alice", ended_at=4.0)
        got = await _get(wire, 3, name)
        assert (got["status"], "result" in got) == ("cancelled", False)
        assert got["statusMessage"].startswith("CANCELLED after 0.0s by alice")
        await _ask(wire, 4, "tasks/cancel", taskId=name)
        assert [asked for asked in broker.asked if "cancel" in asked] == [{"cancel": 8}]


async def test_a_task_of_another_store_is_not_the_one(tmp_path: Path) -> None:
    broker = StandIn(answer=RUNNING)
    async with raw_bridge(broker, told=options(data_dir=tmp_path)) as wire:
        name = (await _call(wire, 1, "run_task", RUN))["taskId"]
        broker.answer = report(created_at=2.0)
        await wire.request(2, "tasks/get", {"taskId": name, "_meta": DECLARED})
        assert (await wire.error(2)).code == -32602
        broker.fails = BadRequest("there is no task 8.")
        await wire.request(3, "tasks/get", {"taskId": name, "_meta": DECLARED})
        assert (await wire.error(3)).code == -32602


async def test_a_new_bridge_of_the_same_agent_answers_an_old_id(tmp_path: Path) -> None:
    alice = options(data_dir=tmp_path, agent="alice")
    async with raw_bridge(StandIn(answer=RUNNING), told=alice) as wire:
        name = (await _call(wire, 1, "run_task", RUN))["taskId"]
    async with raw_bridge(StandIn(), told=alice) as wire:
        assert (await _get(wire, 1, name))["status"] == "completed"
    async with raw_bridge(StandIn(), told=options(data_dir=tmp_path, agent="bob")) as wire:
        await wire.request(1, "tasks/get", {"taskId": name, "_meta": DECLARED})
        assert (await wire.error(1)).code == -32602
    messages_only = options(data_dir=tmp_path, agent="alice", no_tasks=True)
    async with raw_bridge(StandIn(), told=messages_only) as wire:
        await wire.request(1, "tasks/get", {"taskId": name, "_meta": DECLARED})
        assert (await wire.error(1)).code == -32602


# ---------------------------------------------------------------- receive_message


async def test_mail_that_is_there_needs_no_task(tmp_path: Path) -> None:
    broker = StandIn(inbox=[delivery(1)])
    async with raw_bridge(broker, told=options(data_dir=tmp_path)) as wire:
        assert (await _call(wire, 1, "receive_message", LONG))["resultType"] == "complete"


async def test_a_short_receive_is_answered_in_its_call(tmp_path: Path) -> None:
    broker = StandIn()
    async with raw_bridge(broker, told=options(data_dir=tmp_path)) as wire:
        assert (await _call(wire, 1, "receive_message", {}))["resultType"] == "complete"
        assert broker.what("take")[0]["wait_seconds"] == 5


async def test_mail_comes_with_the_look_that_waits_for_it_and_is_shown_again(
    tmp_path: Path,
) -> None:
    broker = StandIn()
    async with raw_bridge(broker, told=options(data_dir=tmp_path)) as wire:
        made = await _call(wire, 1, "receive_message", {**LONG, "from": "bob"})
        assert (made["status"], made["ttlMs"]) == ("working", 4_200_000)
        assert (await _get(wire, 2, made["taskId"]))["status"] == "working"
        broker.inbox = [delivery(1)]
        first, second = [await _get(wire, number, made["taskId"]) for number in (3, 4)]
        assert "text 1" in first["result"]["content"][0]["text"]
        assert first == second
        takes = broker.what("take")
        assert [take["wait_seconds"] for take in takes] == [0, 1, 1]
        assert {take["sender"] for take in takes} == {"bob"}


async def test_what_a_wait_brought_is_acknowledged_by_the_next_receive(tmp_path: Path) -> None:
    broker = StandIn()
    async with raw_bridge(broker, told=options(data_dir=tmp_path)) as wire:
        name = (await _call(wire, 1, "receive_message", LONG))["taskId"]
        broker.inbox = [delivery(1)]
        await _get(wire, 2, name)
        await _call(wire, 3, "receive_message", LONG)
        assert broker.what("take")[-1]["acknowledge"] == [Held("id1", b"lease1")]


async def test_a_look_of_the_client_acknowledges_nothing(tmp_path: Path) -> None:
    broker = StandIn()
    async with raw_bridge(broker, told=options(data_dir=tmp_path)) as wire:
        name = (await _call(wire, 1, "receive_message", LONG))["taskId"]
        broker.inbox = [delivery(1)]
        await _call(wire, 2, "receive_message", {})
        assert (await _get(wire, 3, name))["status"] == "working"
        assert broker.what("take")[-1]["acknowledge"] == []


async def test_mail_that_the_client_did_not_want_goes_back_and_comes_again(
    tmp_path: Path,
) -> None:
    broker = StandIn()
    async with raw_bridge(broker, told=options(data_dir=tmp_path)) as wire:
        name = (await _call(wire, 1, "receive_message", LONG))["taskId"]
        broker.inbox = [delivery(1)]
        await _get(wire, 2, name)
        await wire.cancel(2)
        await broker.returned.wait()
        again = await _get(wire, 3, name)
        assert '"redelivered":true' in again["result"]["content"][0]["text"]


async def test_a_cancelled_wait_takes_nothing_more(tmp_path: Path) -> None:
    broker = StandIn()
    async with raw_bridge(broker, told=options(data_dir=tmp_path)) as wire:
        name = (await _call(wire, 1, "receive_message", LONG))["taskId"]
        broker.mail_held, broker.took = anyio.Event(), anyio.Event()
        await wire.request(2, "tasks/get", {"taskId": name, "_meta": DECLARED})
        await broker.took.wait()
        await wire.request(3, "tasks/cancel", {"taskId": name, "_meta": DECLARED})
        answers = [await wire.receive() for _ in range(2)]
        statuses = [answer.model_dump().get("result", {}).get("status") for answer in answers]
        assert sorted(statuses, key=str) == [None, "cancelled"]
        assert (await _get(wire, 4, name))["status"] == "cancelled"
        assert len(broker.what("take")) == 2


async def test_a_wait_whose_time_is_up_says_so_and_what_it_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = _at(monkeypatch, 1000.0)
    broker = StandIn(inbox=[delivery(1)])
    async with raw_bridge(broker, told=options(data_dir=tmp_path)) as wire:
        await _call(wire, 1, "receive_message", LONG)
        name = (await _call(wire, 2, "receive_message", LONG))["taskId"]
        clock.now = 1599.5
        first = await _get(wire, 3, name)
        text = '{"status":"no_messages","timeout":600,"acknowledged":["id1"]}'
        assert first["result"]["content"][0]["text"] == text
        assert broker.what("take")[-1]["wait_seconds"] == 0.5
        broker.inbox, clock.now = [delivery(2)], 5199.0
        assert await _get(wire, 4, name) == first
        clock.now = 5201.0
        await wire.request(5, "tasks/get", {"taskId": name, "_meta": DECLARED})
        assert (await wire.error(5)).code == -32602


async def test_a_wait_that_is_refused_has_the_refusal_for_a_result(tmp_path: Path) -> None:
    broker = StandIn()
    async with raw_bridge(broker, told=options(data_dir=tmp_path)) as wire:
        name = (await _call(wire, 1, "receive_message", LONG))["taskId"]
        broker.refuses = BadRequest("no. Do this.")
        got = await _get(wire, 2, name)
        assert (got["status"], got["result"]["isError"]) == ("completed", True)


async def test_a_new_bridge_goes_on_with_an_old_wait(tmp_path: Path) -> None:
    alice = options(data_dir=tmp_path, agent="alice")
    async with raw_bridge(StandIn(), told=alice) as wire:
        name = (await _call(wire, 1, "receive_message", LONG))["taskId"]
    async with raw_bridge(StandIn(inbox=[delivery(1)]), told=alice) as wire:
        assert "text 1" in (await _get(wire, 1, name))["result"]["content"][0]["text"]
