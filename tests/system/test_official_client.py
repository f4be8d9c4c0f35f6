"""The official Python MCP client, in both eras, with a real bridge and a real broker."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import mcp.types as t
import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters

from tests.system.commands import tree
from tests.system.journal import Journal
from tests.system.place import GRACE, SIGNALPOST, Place, within
from tests.system.processes import dead

MODES = ("legacy", "auto", "2026-07-28")


@asynccontextmanager
async def client(place: Place, mode: str, agent: str = "alice") -> AsyncGenerator[Client, None]:
    words = [*SIGNALPOST[1:], "mcp", agent, "--grace", str(GRACE)]
    server = StdioServerParameters(
        command=SIGNALPOST[0],
        args=words,
        # All that this client hands on of itself is HOME, PATH and the like.
        env={"SIGNALPOST_DATA_DIR": str(place.state), "VIRTUAL_ENV": ""},
        cwd=place.folder,
    )
    async with Client(server, mode=mode) as it:
        yield it


async def text(it: Client, tool: str, **arguments: object) -> str:
    return text_of(await it.call_tool(tool, arguments))


def text_of(result: t.CallToolResult) -> str:
    [content] = result.content
    assert isinstance(content, t.TextContent)
    return content.text


@pytest.mark.parametrize("mode", MODES)
@within(30)
async def test_it_drives_every_tool(place: Place, mode: str) -> None:
    here, gate = place.fifo("here"), place.fifo("gate")
    async with client(place, mode) as it:
        offered = {tool.name for tool in (await it.list_tools()).tools}
        used: set[str] = set()

        async def use(tool: str, **arguments: object) -> str:
            used.add(tool)
            return await text(it, tool, **arguments)

        done = await use("run_task", command="echo hi", working_directory="/tmp")
        assert done.startswith("SUCCESS exit=0 ")
        assert log_named_in(done).read_text().count("hi") == 2  # in the header, too
        failed = await use("run_task", command="echo no; exit 3", working_directory="/tmp")
        assert failed.startswith("FAILED exit=3 ")
        assert failed.endswith("\nno")
        command = f"echo on; echo >{here}; read _ <{gate}"
        asked = await use("run_task", command=command, working_directory="/tmp", notify=True)
        await here.line()
        assert asked.startswith("RUNNING task=3 ")
        queues = json.loads(await use("get_queue_status"))
        assert queues["queues"][0]["running"][0]["task_id"] == 3
        waiting = await use("task_status", task_id=3, wait_seconds=0, lines=5)
        assert waiting.startswith("RUNNING task=3 elapsed=")
        assert waiting.endswith("\non")
        cancelled = await use("cancel_task", task_id=3)
        assert cancelled.startswith("CANCELLED after ")
        assert " by alice " in cancelled
        assert json.loads(await use("clear_task_logs")) == {"deleted": 3}
        assert used == offered


def log_named_in(line: str) -> Path:
    return Path(line.rpartition("output=")[2])


@pytest.mark.parametrize("mode", MODES)
@within(30)
async def test_progress_arrives_and_a_cancelled_call_kills(place: Place, mode: str) -> None:
    pids = place.fifo("pids")
    told: list[str] = []
    came = anyio.Event()

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        assert progress >= 0
        assert total is None
        told.append(message or "")
        if "running" in told[-1]:
            came.set()

    async with client(place, mode) as it, anyio.create_task_group() as tasks:
        command = {"command": tree("plain", pids), "working_directory": "/tmp"}
        tasks.start_soon(lambda: it.call_tool("run_task", command, progress_callback=on_progress))
        pid = await pids.pid()
        await came.wait()
        tasks.cancel_scope.cancel()
        await dead(pid, 3)
        listed: dict[str, Any] = json.loads(await text(it, "get_queue_status"))
        assert listed["queues"] == []
    assert told[0] == "asking for a turn in queue global"


@pytest.mark.parametrize("mode", MODES)
@within(30)
async def test_leaving_takes_the_open_call_along(place: Place, mode: str) -> None:
    pids = place.fifo("pids")
    async with place.client() as watcher, anyio.create_task_group() as tasks:
        async with client(place, mode) as it:
            command = {"command": tree("plain", pids), "working_directory": "/tmp"}
            tasks.start_soon(it.call_tool, "run_task", command)
            pid = await pids.pid()
            tasks.cancel_scope.cancel()
        with anyio.CancelScope(shield=True), anyio.fail_after(5):
            await dead(pid)
            assert (await watcher.task_status(1, None)).state == "cancelled"


@within(30)
async def test_two_clients_of_different_eras_take_turns(place: Place) -> None:
    gate = place.fifo("gate")
    answers: list[str] = []

    async def run(it: Client, command: str) -> None:
        answers.append(await text(it, "run_task", command=command, working_directory="/tmp"))

    async with (
        client(place, "legacy", "old") as old,
        client(place, "2026-07-28", "new") as new,
        anyio.create_task_group() as tasks,
    ):
        journal = Journal(place)
        tasks.start_soon(run, old, f"read _ <{gate}; echo one")
        await journal.until("task_started", task_id=1)
        tasks.start_soon(run, new, "echo two")
        await journal.until("task_queued", task_id=2)
        assert json.loads(await text(new, "get_queue_status"))["queues"][0]["waiting"]
        gate.open()
    assert [answer.partition(" ")[0] for answer in answers] == ["SUCCESS", "SUCCESS"]
    assert all(f"task_{number}.log" in "\n".join(answers) for number in (1, 2))
