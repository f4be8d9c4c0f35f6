"""The Tasks extension as a client that declares it meets it; the broker is a stand-in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest

from signalpost.mcp_bridge.task_extension import TASKS
from signalpost.transport.errors import BadRequest, QueueFull
from tests.mcp_bridge.declared import DECLARED, LONG, METHODS, RUNNING, ask, at, call, get, refused
from tests.mcp_bridge.stand_in import RUN, StandIn, options, raw_bridge, report
from tests.mcp_bridge.wire import ENVELOPE, modern

# ---------------------------------------------------------------- who is served


async def test_the_extension_is_shown_to_those_who_declare_it_only() -> None:
    async with raw_bridge(StandIn()) as wire:
        assert (await ask(wire, 1, "server/discover"))["capabilities"]["extensions"] == {TASKS: {}}
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


@pytest.mark.parametrize("method", METHODS)
async def test_its_methods_are_for_those_who_declare_it(method: str) -> None:
    async with raw_bridge(StandIn()) as wire:
        await wire.request(1, method, {"taskId": "x"})
        assert (await wire.error(1)).code == -32601
        await wire.request(2, method, modern(taskId="x"))
        error = await wire.error(2)
        assert error.code == -32021
        assert error.data == {"requiredCapabilities": {"extensions": {TASKS: {}}}}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("folder", ["", "not-made-yet"])
async def test_an_id_that_was_made_up_is_refused(method: str, folder: str, tmp_path: Path) -> None:
    async with raw_bridge(StandIn(), told=options(data_dir=tmp_path / folder)) as wire:
        assert await refused(wire, 1, method, "8") == -32602


@pytest.mark.parametrize("method", METHODS)
async def test_what_is_over_for_long_is_unknown_to_every_method(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, broker = at(monkeypatch, 1000.0), StandIn(answer=RUNNING)
    async with raw_bridge(broker, told=options(data_dir=tmp_path)) as wire:
        run = (await call(wire, 1, "run_task", RUN))["taskId"]
        wait = (await call(wire, 2, "receive_message", LONG))["taskId"]
        broker.fails, clock.now = BadRequest("there is no task 8."), 5201.0
        assert await refused(wire, 3, method, run) == -32602
        assert await refused(wire, 4, method, wait) == -32602


async def test_where_no_id_can_be_made_the_calls_wait_for_their_results(tmp_path: Path) -> None:
    broker = StandIn(answer=RUNNING)
    async with raw_bridge(broker, told=options(data_dir=tmp_path / "full")) as wire:
        assert (await call(wire, 1, "run_task", RUN))["resultType"] == "complete"
        assert [asked["wait_seconds"] for asked in broker.asked] == [0, 50]
        assert (await call(wire, 2, "receive_message", LONG))["resultType"] == "complete"
        assert [take["wait_seconds"] for take in broker.what("take")] == [0, 50]


@pytest.mark.parametrize(
    ("meta", "wished", "code"),
    [
        (ENVELOPE, {"taskIds": ["x"]}, -32021),
        (ENVELOPE, {"toolsListChanged": True}, -32601),
        (DECLARED, {"taskIds": ["x"]}, -32601),
    ],
)
async def test_nobody_is_told_of_tasks_unasked(
    meta: dict[str, Any], wished: dict[str, Any], code: int
) -> None:
    async with raw_bridge(StandIn()) as wire:
        await wire.request(1, "subscriptions/listen", {"notifications": wished, "_meta": meta})
        assert (await wire.error(1)).code == code
        discovered = await ask(wire, 2, "server/discover")
        assert discovered["capabilities"]["tools"] == {"listChanged": False}


# ---------------------------------------------------------------- run_task


async def test_a_run_is_answered_at_once_and_fetched_when_it_has_ended(tmp_path: Path) -> None:
    broker = StandIn(answer=RUNNING)
    async with raw_bridge(broker, told=options(data_dir=tmp_path)) as wire:
        made = await call(wire, 1, "run_task", RUN)
        assert (made["resultType"], made["status"]) == ("task", "working")
        assert broker.asked[0]["wait_seconds"] == 0
        working = await get(wire, 2, made["taskId"])
        assert (working["resultType"], working["statusMessage"]) == ("complete", "running 3s")
        broker.answer = report(ended_at=5.0, ran_seconds=4)
        first, second = [await get(wire, number, made["taskId"]) for number in (3, 4)]
        assert first["status"] == "completed"
        assert first["result"]["content"][0]["text"].startswith("SUCCESS exit=0 4.0s")
        assert first == second


async def test_a_run_that_has_ended_already_needs_no_task(tmp_path: Path) -> None:
    async with raw_bridge(StandIn(), told=options(data_dir=tmp_path)) as wire:
        done = await call(wire, 1, "run_task", RUN)
        assert (done["resultType"], done["isError"]) == ("complete", False)


async def test_a_refused_run_is_told_in_its_call(tmp_path: Path) -> None:
    async with raw_bridge(StandIn(fails=QueueFull("full. Wait."))) as wire:
        refused = await call(wire, 1, "run_task", RUN)
        assert (refused["resultType"], refused["isError"]) == ("complete", True)


async def test_a_run_with_notify_is_no_mcp_task(tmp_path: Path) -> None:
    async with raw_bridge(StandIn(answer=RUNNING), told=options(data_dir=tmp_path)) as wire:
        told = await call(wire, 1, "run_task", {**RUN, "notify": True})
        assert told["resultType"] == "complete"


async def test_a_cancelled_run_is_killed_and_says_by_whom(tmp_path: Path) -> None:
    broker = StandIn(answer=RUNNING)
    async with raw_bridge(broker, told=options(data_dir=tmp_path)) as wire:
        name = (await call(wire, 1, "run_task", RUN))["taskId"]
        ack = await ask(wire, 2, "tasks/cancel", taskId=name)
        assert ack.keys() <= {"resultType", "_meta"}
        await anyio.wait_all_tasks_blocked()
        assert broker.asked[-1] == {"cancel": 8}
        broker.answer = report(state="cancelled", cancelled_by="alice", ended_at=4.0)
        got = await get(wire, 3, name)
        assert (got["status"], "result" in got) == ("cancelled", False)
        assert got["statusMessage"].startswith("CANCELLED after 0.0s by alice")
        await ask(wire, 4, "tasks/cancel", taskId=name)
        assert [asked for asked in broker.asked if "cancel" in asked] == [{"cancel": 8}]


async def test_of_equal_calls_each_is_cancelled_alone_and_the_run_with_the_last_one(
    tmp_path: Path,
) -> None:
    broker = StandIn(answer=RUNNING)
    async with raw_bridge(broker, told=options(data_dir=tmp_path)) as wire:
        one, two = [(await call(wire, number, "run_task", RUN))["taskId"] for number in (1, 2)]
        assert one != two
        await ask(wire, 3, "tasks/cancel", taskId=one)
        await anyio.wait_all_tasks_blocked()
        assert [asked for asked in broker.asked if "cancel" in asked] == []
        left = await get(wire, 4, one)
        assert (left["status"], "result" in left) == ("cancelled", False)
        assert (await get(wire, 5, two))["status"] == "working"
        await ask(wire, 6, "tasks/cancel", taskId=two)
        await anyio.wait_all_tasks_blocked()
        assert broker.asked[-1] == {"cancel": 8}


async def test_what_was_cancelled_stays_so_when_the_run_has_ended_for_the_others(
    tmp_path: Path,
) -> None:
    broker = StandIn(answer=RUNNING)
    async with raw_bridge(broker, told=options(data_dir=tmp_path)) as wire:
        one, two = [(await call(wire, number, "run_task", RUN))["taskId"] for number in (1, 2)]
        await ask(wire, 3, "tasks/cancel", taskId=one)
        before = await get(wire, 4, one)
        broker.answer = report(ended_at=5.0, ran_seconds=4)
        assert (await get(wire, 5, two))["status"] == "completed"
        after = await get(wire, 6, one)
        assert (after["status"], "result" in after) == ("cancelled", False)
        assert after["lastUpdatedAt"] == before["lastUpdatedAt"]


async def test_a_task_of_another_store_is_not_the_one(tmp_path: Path) -> None:
    broker = StandIn(answer=RUNNING)
    async with raw_bridge(broker, told=options(data_dir=tmp_path)) as wire:
        name = (await call(wire, 1, "run_task", RUN))["taskId"]
        broker.answer = report(created_at=2.0)
        assert await refused(wire, 2, "tasks/get", name) == -32602
        broker.fails = BadRequest("there is no task 8.")
        assert await refused(wire, 3, "tasks/get", name) == -32602


async def test_a_new_bridge_of_the_same_agent_answers_an_old_id(tmp_path: Path) -> None:
    alice = options(data_dir=tmp_path, agent="alice")
    async with raw_bridge(StandIn(answer=RUNNING), told=alice) as wire:
        name = (await call(wire, 1, "run_task", RUN))["taskId"]
    async with raw_bridge(StandIn(), told=alice) as wire:
        assert (await get(wire, 1, name))["status"] == "completed"
    async with raw_bridge(StandIn(), told=options(data_dir=tmp_path, agent="bob")) as wire:
        assert await refused(wire, 1, "tasks/get", name) == -32602
    messages_only = options(data_dir=tmp_path, agent="alice", no_tasks=True)
    async with raw_bridge(StandIn(), told=messages_only) as wire:
        assert await refused(wire, 1, "tasks/get", name) == -32602
