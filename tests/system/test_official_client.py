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

import signalpost
from tests.system.commands import tree
from tests.system.journal import Journal
from tests.system.place import GRACE, SIGNALPOST, Place, within
from tests.system.processes import dead
from tests.system.shown import only

MODES = ("legacy", "auto", "2026-07-28")
ABOUT_MAIL = {
    "register_agent",
    "send_message",
    "receive_message",
    "acknowledge_message",
    "list_agents",
    "unregister_agent",
}


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
async def test_it_drives_every_tool_for_tasks(place: Place, mode: str) -> None:
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
        assert used == offered - ABOUT_MAIL
        assert offered > ABOUT_MAIL


def log_named_in(line: str) -> Path:
    return Path(line.rpartition("output=")[2])


class Tools:
    """Calls tools by name and keeps what they answer."""

    def __init__(self, it: Client) -> None:
        self._it = it
        self.used: set[str] = set()
        self.meta: dict[str, Any] = {}
        """Of the last result."""

    async def __call__(self, tool: str, **arguments: object) -> str:
        self.used.add(tool)
        result = await self._it.call_tool(tool, arguments)
        self.meta = dict(result.meta or {})
        assert not result.is_error or text_of(result).split(": ")[0].isupper()
        return text_of(result)

    async def line(self, tool: str, **arguments: object) -> Any:  # noqa: ANN401 - JSON
        return json.loads(await self(tool, **arguments))


@pytest.mark.parametrize("mode", MODES)
@within(30)
async def test_it_drives_every_tool_for_mail(place: Place, mode: str) -> None:
    async with place.client("bob") as bob, client(place, mode) as it:
        use = Tools(it)
        named = {"name": "alice", "role": "consumer", "description": "tests"}
        assert await use.line("register_agent", **named) == {"status": "registered"} | named
        assert use.meta["signalpost/registered"] == named | {"inbox_bound": 1000}

        await there_and_back(use, bob)
        await by_hand(use, bob)
        await to_several(use)
        await who_is_there(use)
        await leaving(use, bob)
        assert use.used - {"get_queue_status"} == ABOUT_MAIL
    assert place.stored("SELECT state, count(*) FROM messages GROUP BY 1 ORDER BY 1") == [
        ("dead", 1),
        ("done", 3),
        ("ready", 2),
    ]


async def there_and_back(use: Tools, bob: signalpost.Client) -> None:
    sent = await use.line("send_message", to="bob", content="a?", metadata={"n": 1})
    question = sent.pop("message_id")
    assert sent == {"status": "sent", "to": "bob"}
    [stored] = use.meta["signalpost/sent"]["sent"]
    assert (stored["message_id"], stored["stage"]) == (question, "stored")
    async with bob.receive() as got:
        assert got is not None
        assert (got.id, got.sender, got.content) == (question, "alice", "a?")
        assert got.metadata == {"n": 1}
        await got.reply("b\x1b[2J", metadata={"m": [2]})

    peeked = only(await use("receive_message", peek=True))
    answer = only(await use("receive_message", timeout=10, in_reply_to=question))
    assert peeked.id == answer.id
    assert answer.body == "b"
    assert answer.attempt == (1, False)
    payload = {"metadata": {"m": [2]}, "in_reply_to": question}
    envelope = {key: answer.envelope[key] for key in ("id", "from", "to", "timestamp", "type")}
    assert (envelope["from"], envelope["to"], envelope["type"]) == ("bob", "alice", "result")
    assert answer.envelope["payload"] == {"content_length": 5, **payload}
    [whole] = use.meta["signalpost/messages"]
    assert whole == envelope | {"payload": {"content": "b\x1b[2J", **payload}}
    assert '"content":"' not in await use("receive_message", message_id=answer.id)
    nothing = await use.line("receive_message", timeout=0)
    assert nothing == {"status": "no_messages", "timeout": 0, "acknowledged": [answer.id]}
    assert use.meta["signalpost/messages"] == []
    [settled] = use.meta["signalpost/settled"]
    assert settled == {"message_id": answer.id, "code": "", "detail": ""}


async def by_hand(use: Tools, bob: signalpost.Client) -> None:
    await bob.send("alice", "twice")
    first = only(await use("receive_message", ack=False))
    nacked = await use.line("acknowledge_message", message_ids=[first.id], outcome="nack")
    assert nacked == {"messages": [{"message_id": first.id, "status": "nacked"}]}
    second = only(await use("receive_message", ack=False))
    assert (second.id, second.attempt) == (first.id, (2, True))
    acked = await use.line("acknowledge_message", message_ids=second.id)
    assert acked == {"messages": [{"message_id": first.id, "status": "acknowledged"}]}
    stale = await use("acknowledge_message", message_ids=second.id)
    assert stale.startswith("STALE_LEASE: ")


async def to_several(use: Tools) -> None:
    many = await use.line("send_message", to=["bob", "nobody"], content="all")
    assert (many["to"], many["refused"]) == (["bob"], {"nobody": "UNKNOWN_AGENT"})
    assert list(many["message_ids"]) == ["bob"]
    unknown = await use("send_message", to="bobb", content="?")
    assert unknown.startswith("UNKNOWN_AGENT: ")
    assert "bob" in unknown.replace("bobb", "")


async def who_is_there(use: Tools) -> None:
    agents = {agent["name"]: agent for agent in (await use.line("list_agents"))["agents"]}
    assert agents.keys() == {"alice", "bob", "person"}
    assert agents["alice"]["you"] is True
    assert (agents["bob"]["online"], agents["bob"]["depth"]) == (True, 1)
    status = await use.line("get_queue_status", agent="bob")
    [inbox] = status["inboxes"]
    assert (inbox["agent"], inbox["depth"], inbox["max_size"]) == ("bob", 1, 1000)


async def leaving(use: Tools, bob: signalpost.Client) -> None:
    await bob.send("alice", "unread")
    kept = await use("unregister_agent")
    assert kept.startswith("BAD_REQUEST: 1 unread message")
    left = await use.line("unregister_agent", force=True)
    assert left == {"status": "unregistered", "name": "alice"}
    assert [agent.name for agent in await bob.agents()] == ["bob", "person"]
    await bob.send("bob", "so far")  # and all before is on disk


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
        beside = Journal(place)  # which of the two is written first is not promised
        gate.open()
        await journal.until("task_completed", task_id=1)
        await beside.until("task_started", task_id=2)
    assert [answer.partition(" ")[0] for answer in answers] == ["SUCCESS", "SUCCESS"]
