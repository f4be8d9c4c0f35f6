"""Calls that a client fetches later, by the Tasks extension of MCP: real bridges, real broker."""

from __future__ import annotations

from typing import Any

from tests.system.bridge import Bridge, bridge
from tests.system.place import Place, within

TASKS = "io.modelcontextprotocol/tasks"
DECLARED: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "claude-code", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {"extensions": {TASKS: {}}},
}


async def _call(at: Bridge, tool: str, **arguments: object) -> dict[str, Any]:
    return await _ask(at, "tools/call", name=tool, arguments=arguments)


async def _ask(at: Bridge, method: str, **params: object) -> dict[str, Any]:
    answer = await at.answer(at.ask(method, {**params, "_meta": DECLARED}))
    result: dict[str, Any] = answer["result"]
    return result


async def _ended(at: Bridge, name: str) -> dict[str, Any]:
    """Ask as a client does, until there is more to say than that it goes on."""
    while (got := await _ask(at, "tasks/get", taskId=name))["status"] == "working":
        pass
    return got


@within(40)
async def test_a_task_is_fetched_by_a_new_bridge_when_the_one_that_began_it_was_killed(
    place: Place,
) -> None:
    async with bridge(place, "alice", "--on-disconnect", "finish") as first:
        go = place.fifo("go")
        command = f"read _ <{go}; echo said; exit 3"
        made = await _call(first, "run_task", command=command, working_directory="/tmp")
        assert (made["resultType"], made["status"]) == ("task", "working")
        first.process.kill()
    async with bridge(place, "bob") as bob, bridge(place, "alice") as second:
        assert (await _ask(second, "tasks/get", taskId=made["taskId"]))["status"] == "working"
        stolen = await bob.answer(
            bob.ask("tasks/get", {"taskId": made["taskId"], "_meta": DECLARED})
        )
        assert stolen["error"]["code"] == -32602
        go.open()
        got = await _ended(second, made["taskId"])
        text = got["result"]["content"][0]["text"]
        assert text.startswith("FAILED exit=3")
        assert text.endswith("said")
        assert await _ask(second, "tasks/get", taskId=made["taskId"]) == got


@within(40)
async def test_a_cancelled_task_is_dead(place: Place) -> None:
    async with bridge(place, "alice") as alice:
        made = await _call(alice, "run_task", command="sleep 600", working_directory="/tmp")
        assert (await _ask(alice, "tasks/cancel", taskId=made["taskId"]))[
            "resultType"
        ] == "complete"
        assert (await _ended(alice, made["taskId"]))["status"] == "cancelled"


@within(40)
async def test_of_equal_calls_one_is_cancelled_and_the_other_gets_the_result(place: Place) -> None:
    async with bridge(place, "alice") as alice:
        go = place.fifo("go")
        command = f"read _ <{go}; echo said"
        one, two = [
            (await _call(alice, "run_task", command=command, working_directory="/tmp"))["taskId"]
            for _ in range(2)
        ]
        await _ask(alice, "tasks/cancel", taskId=one)
        assert (await _ask(alice, "tasks/get", taskId=one))["status"] == "cancelled"
        go.open()
        assert "SUCCESS" in (await _ended(alice, two))["result"]["content"][0]["text"]


@within(40)
async def test_mail_ends_a_wait_and_is_acknowledged_by_the_next_receive(place: Place) -> None:
    async with bridge(place, "alice") as alice, bridge(place, "bob") as bob:
        made = await _call(alice, "receive_message", timeout=600)
        looking = alice.ask("tasks/get", {"taskId": made["taskId"], "_meta": DECLARED})
        await _call(bob, "send_message", to="alice", content="ready")
        got = (await alice.answer(looking))["result"]
        if got["status"] == "working":
            got = await _ended(alice, made["taskId"])
        assert "ready" in got["result"]["content"][0]["text"]
        after = await _call(alice, "receive_message", timeout=0)
        assert len(after["_meta"]["signalpost/settled"]) == 1
