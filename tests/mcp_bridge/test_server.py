"""The tools as an MCP client meets them, in both protocol eras; the broker is a stand-in."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, cast

import anyio
import mcp.types as t
import pytest
from anyio.lowlevel import checkpoint
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.client.client import Client
from mcp.server.lowlevel import Server
from mcp.shared.dispatcher import ProgressFnT
from mcp.shared.message import SessionMessage

from signalpost.mcp_bridge.broker_port import Progress
from signalpost.mcp_bridge.clients import Clients
from signalpost.mcp_bridge.eras import serve_both_eras
from signalpost.mcp_bridge.identity import AgentIdentity
from signalpost.mcp_bridge.options import BridgeOptions
from signalpost.mcp_bridge.server import Bridge, Surroundings
from signalpost.transport.caller import Caller
from signalpost.transport.errors import NotAuthorised, QueueFull
from signalpost.transport.messages import QueueState, TaskProgress, TaskReport

ERAS = ("legacy", "2026-07-28")
RUN = {"command": "make", "working_directory": "/src"}
CALLER = Caller(environment={b"A": b"1"}, umask=0o22, limits={}, nice=0, parent="")
Streams = tuple[
    MemoryObjectReceiveStream[SessionMessage], MemoryObjectSendStream[SessionMessage | Exception]
]
OPTIONS = BridgeOptions(data_dir=Path("/nowhere"))


def report(task_id: int = 8, **changes: object) -> TaskReport:
    fields: dict[str, Any] = {
        "state": "success",
        "queue_name": "global",
        "command": "make",
        "working_directory": "/src",
        "owner": "alice",
        "output": "/state/output/task_8.log",
        "created_at": 1.0,
        "exit_code": 0,
    }
    fields.update(changes)
    return TaskReport(task_id=task_id, **fields)


@dataclass
class StandIn:
    """A broker that answers every request with what the test gave it."""

    answer: TaskReport = field(default_factory=report)
    fails: Exception | None = None
    progress: Progress | None = None
    held: anyio.Event | None = None
    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    open_calls: int = 0
    cancelled: int = 0
    arrived: anyio.Event = field(default_factory=anyio.Event)
    cancel_seen: anyio.Event = field(default_factory=anyio.Event)

    async def run(self) -> None:
        await anyio.sleep_forever()

    async def close(self) -> None:
        return

    async def run_task(
        self,
        command: str,
        working_directory: str,
        queue_name: str,
        *,
        timeout_seconds: float,
        env_vars: Mapping[str, str],
        notify: bool,
        on_disconnect: Literal["kill", "finish"],
        wait_seconds: float | None,
        progress: Progress | None,
        caller: Caller,
    ) -> TaskReport:
        asked = dict(locals())
        del asked["self"], asked["progress"]
        return await self._answer(asked, progress)

    async def task_status(
        self, task_id: int, wait_seconds: float | None, lines: int, *, progress: Progress | None
    ) -> TaskReport:
        asked = {"task_id": task_id, "wait_seconds": wait_seconds, "lines": lines}
        return await self._answer(asked, progress)

    async def cancel_task(self, task_id: int) -> TaskReport:
        return await self._answer({"cancel": task_id}, None)

    async def clear_task_logs(self) -> int:
        return 3

    async def queues(self) -> list[QueueState]:
        waiting = [report(9, state="waiting", position=1)]
        return [QueueState("global", 1, [report(8, state="running")], waiting)]

    async def _answer(self, asked: dict[str, Any], progress: Progress | None) -> TaskReport:
        self.asked.append(asked)
        self.progress = progress
        self.open_calls += 1
        self.arrived.set()
        try:
            if self.held is not None:
                await self.held.wait()
        except anyio.get_cancelled_exc_class():
            self.cancelled += 1
            self.cancel_seen.set()
            raise
        finally:
            self.open_calls -= 1
        if self.fails is not None:
            raise self.fails
        return self.answer

    def push(self, news: TaskProgress) -> None:
        assert self.progress is not None
        self.progress(news)

    def release(self) -> None:
        assert self.held is not None
        self.held.set()


@dataclass
class Setting:
    """A client of the bridge, the stand-in behind it, and who was dialled."""

    client: Client
    broker: StandIn
    dialled: list[AgentIdentity]

    async def call(
        self,
        tool: str,
        arguments: dict[str, Any] | None = None,
        progress: ProgressFnT | None = None,
        meta: t.RequestParamsMeta | None = None,
    ) -> Answer:
        result = await self.client.call_tool(tool, arguments, progress_callback=progress, meta=meta)
        assert result.structured_content is None
        [content] = result.content
        assert isinstance(content, t.TextContent)
        return Answer(content.text, result.is_error, dict(result.meta or {}))


@dataclass
class Answer:
    text: str
    is_error: bool
    meta: dict[str, Any]


@asynccontextmanager
async def pipe_to(server: Server[dict[str, Any]]) -> AsyncGenerator[Streams, None]:
    """Connect a client to ``server`` as over stdio, but in memory."""
    to_server, at_server = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    to_client, at_client = anyio.create_memory_object_stream[SessionMessage](math.inf)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve_both_eras, server, at_server, to_client)
        yield at_client, to_server
        tasks.cancel_scope.cancel()
    for stream in (to_server, at_server, to_client, at_client):
        stream.close()


@asynccontextmanager
async def bridge(
    era: str,
    broker: StandIn,
    *,
    options: BridgeOptions = OPTIONS,
    client_name: str = "test-client",
    environment: Mapping[str, str] | None = None,
) -> AsyncGenerator[Setting, None]:
    dialled: list[AgentIdentity] = []

    def dial(agent: AgentIdentity) -> StandIn:
        dialled.append(agent)
        return broker

    around = Surroundings(environment=environment or {}, folder="app", caller=lambda: CALLER)
    async with anyio.create_task_group() as tasks:
        server = Bridge(options, Clients(tasks, dial), around).server()
        info = t.Implementation(name=client_name, version="1")
        with anyio.fail_after(10):
            async with Client(pipe_to(server), mode=era, client_info=info) as client:
                yield Setting(client, broker, dialled)
        tasks.cancel_scope.cancel()


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# ---------------------------------------------------------------- what is offered


async def test_the_tools_and_nothing_else_are_offered(era: str) -> None:
    async with bridge(era, StandIn()) as setting:
        listed = await setting.client.list_tools()
        assert [tool.name for tool in listed.tools] == [
            "run_task",
            "task_status",
            "cancel_task",
            "clear_task_logs",
            "get_queue_status",
        ]
        annotations = listed.tools[1].annotations
        assert annotations is not None
        assert annotations.read_only_hint is True


async def test_the_server_advertises_tools_only_and_instructs() -> None:
    async with bridge("auto", StandIn(), options=_options(agent="alice")) as setting:
        capabilities = setting.client.server_capabilities
        assert capabilities.model_dump(exclude_none=True).keys() <= {"tools", "extensions"}
        assert str(setting.client.instructions).endswith("Your name here is alice.")


async def test_looking_at_the_tools_dials_no_broker(era: str) -> None:
    async with bridge(era, StandIn()) as setting:
        await setting.client.list_tools()
        assert setting.dialled == []


# ---------------------------------------------------------------- results


async def test_a_result_is_text_with_its_fields_beside_it(era: str) -> None:
    async with bridge(era, StandIn(report(ran_seconds=31.2, tail=b"hidden\n"))) as setting:
        answer = await setting.call("run_task", RUN)
    assert answer.text == "SUCCESS exit=0 31.2s output=/state/output/task_8.log"
    assert answer.is_error is False
    assert answer.meta["signalpost/task"]["task_id"] == 8
    assert answer.meta["signalpost/task"]["ran_seconds"] == 31.2


async def test_a_failed_command_is_an_ordinary_result(era: str) -> None:
    failed = report(state="failed", exit_code=2, ran_seconds=1, tail=b"\x1b[31mno\xff rule\n")
    async with bridge(era, StandIn(failed)) as setting:
        answer = await setting.call("run_task", RUN)
    assert answer.text.split("\n")[1:] == ["no\ufffd rule"]
    assert answer.is_error is False


async def test_a_run_reaches_the_broker_whole(era: str) -> None:
    async with bridge(era, StandIn(), options=_options(on_disconnect="finish")) as setting:
        await setting.call("run_task", {**RUN, "queue_name": "q", "env_vars": "A=1"})
        assert setting.broker.asked == [
            {
                "command": "make",
                "working_directory": "/src",
                "queue_name": "q",
                "timeout_seconds": 1200,
                "env_vars": {"A": "1"},
                "notify": False,
                "on_disconnect": "finish",
                "wait_seconds": 50,
                "caller": CALLER,
            }
        ]


async def test_the_other_tools_answer(era: str) -> None:
    async with bridge(era, StandIn(report(state="cancelled", cancelled_by="alice"))) as setting:
        cancelled = await setting.call("cancel_task", {"task_id": 8})
        assert cancelled.text.startswith("CANCELLED after 0.0s by alice output=")
        cleared = await setting.call("clear_task_logs")
        assert cleared.text == '{"deleted":3}'
        queues = await setting.call("get_queue_status")
        [queue] = json.loads(queues.text)["queues"]
        assert [task["task_id"] for task in queue["running"] + queue["waiting"]] == [8, 9]
        assert queues.meta["signalpost/queues"] == json.loads(queues.text)


# ---------------------------------------------------------------- waiting


@pytest.mark.parametrize(
    ("client_name", "wait"), [("claude-code", None), ("codex-mcp-client", 290), ("who", 50)]
)
async def test_the_wait_is_what_the_client_allows(
    era: str, client_name: str, wait: float | None
) -> None:
    async with bridge(era, StandIn(), client_name=client_name) as setting:
        await setting.call("run_task", RUN)
        await setting.call("task_status", {"task_id": 8})
        assert [asked["wait_seconds"] for asked in setting.broker.asked] == [wait, wait]


async def test_opencode_is_trusted_to_wait_when_it_takes_progress(era: str) -> None:
    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        pass

    async with bridge(era, StandIn(), client_name="opencode") as setting:
        await setting.call("run_task", RUN)
        await setting.call("run_task", RUN, progress=on_progress)
        assert [asked["wait_seconds"] for asked in setting.broker.asked] == [55, None]


async def test_the_option_wins_over_the_client(era: str) -> None:
    async with bridge(era, StandIn(), options=_options(wait_budget=7.0)) as setting:
        await setting.call("run_task", RUN)
        assert setting.broker.asked[0]["wait_seconds"] == 7


async def test_notify_does_not_wait(era: str) -> None:
    async with bridge(era, StandIn(report(state="waiting", position=1))) as setting:
        answer = await setting.call("run_task", {**RUN, "notify": True})
        assert answer.text.startswith("RUNNING task=8 position=1 ")
        assert setting.broker.asked[0]["wait_seconds"] == 0
        assert setting.broker.asked[0]["notify"] is True


async def test_a_status_waits_no_longer_than_it_was_told(era: str) -> None:
    async with bridge(era, StandIn()) as setting:
        await setting.call("task_status", {"task_id": 8, "wait_seconds": 3})
        await setting.call("task_status", {"task_id": 8, "wait_seconds": 300})
        assert [asked["wait_seconds"] for asked in setting.broker.asked] == [3, 50]


async def test_a_status_shows_the_lines_asked_for(era: str) -> None:
    async with bridge(era, StandIn(report(tail=b"1\n2\n3\n"))) as setting:
        assert "\n" not in (await setting.call("task_status", {"task_id": 8})).text
        answer = await setting.call("task_status", {"task_id": 8, "lines": 2})
        assert answer.text.split("\n")[1:] == ["2", "3"]
        assert [asked["lines"] for asked in setting.broker.asked] == [50, 2]


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("tool", "arguments", "text"),
    [
        ("shell", {}, 'BAD_REQUEST: there is no tool "shell". Use one of: run_task, '),
        ("run_task", {}, "BAD_REQUEST: command is missing. Pass "),
        ("run_task", None, "BAD_REQUEST: command is missing. Pass "),
        ("run_task", {**RUN, "cwd": "/"}, 'BAD_REQUEST: run_task has no argument "cwd". It takes'),
        (
            "run_task",
            {**RUN, "command": "a\ud800"},
            "BAD_REQUEST: command contains half of a surrogate pair. Send",
        ),
    ],
)
async def test_a_wrong_call_is_a_result_that_says_what_to_do(
    era: str, tool: str, arguments: dict[str, Any] | None, text: str
) -> None:
    async with bridge(era, StandIn()) as setting:
        answer = await setting.call(tool, arguments)
        assert answer.is_error is True
        assert answer.text.startswith(text)
        assert setting.dialled == []


async def test_what_the_broker_refuses_is_passed_on(era: str) -> None:
    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        pass

    refusal = QueueFull("1000 tasks wait in queue global\x1b[2J. Wait for some to end.")
    async with bridge(era, StandIn(fails=refusal)) as setting:
        plain = await setting.call("run_task", RUN)
        with_progress = await setting.call("run_task", RUN, progress=on_progress)
    expected = "QUEUE_FULL: 1000 tasks wait in queue global. Wait for some to end."
    assert (plain.text, plain.is_error) == (expected, True)
    assert (with_progress.text, with_progress.is_error) == (expected, True)


async def test_only_the_owner_cancels(era: str) -> None:
    async with bridge(era, StandIn(fails=NotAuthorised("task 8 is bob's. Ask bob."))) as setting:
        answer = await setting.call("cancel_task", {"task_id": 8})
    assert (answer.text, answer.is_error) == ("NOT_AUTHORISED: task 8 is bob's. Ask bob.", True)


async def test_a_fault_of_ours_is_told_without_its_text_and_logged(
    era: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        async with bridge(era, StandIn(fails=ZeroDivisionError("secret"))) as setting:
            answer = await setting.call("run_task", RUN)
    assert answer.is_error is True
    assert answer.text.startswith("INTERNAL: ")
    assert "secret" not in answer.text
    assert "ZeroDivisionError" in caplog.text


async def test_a_bad_name_is_told_at_every_call(era: str) -> None:
    async with bridge(era, StandIn(), environment={"SIGNALPOST_AGENT": "a b"}) as setting:
        answer = await setting.call("run_task", RUN)
        assert answer.text.startswith("BAD_REQUEST: SIGNALPOST_AGENT: agent name may not contain")
        assert setting.dialled == []


async def test_without_tasks_nothing_runs(era: str) -> None:
    async with bridge(era, StandIn(), options=_options(no_tasks=True)) as setting:
        answer = await setting.call("run_task", RUN)
        assert answer.is_error is True
        assert answer.text.startswith("BAD_REQUEST: run_task is switched off here")
        assert (await setting.call("get_queue_status")).is_error is False
        assert setting.broker.asked == []


# ---------------------------------------------------------------- who is calling


async def test_one_client_serves_all_calls_of_an_agent(era: str) -> None:
    async with bridge(era, StandIn(), client_name="claude-code") as setting:
        for _ in range(3):
            await setting.call("run_task", RUN)
        assert setting.dialled == [AgentIdentity(label="app/claude-code")]


async def test_each_conversation_of_codex_is_an_agent(era: str) -> None:
    async with bridge(era, StandIn(), client_name="codex-mcp-client") as setting:
        for thread in ("t-1", "t-2", "t-1"):
            await setting.call("run_task", RUN, meta=_thread(thread))
        assert [agent.thread for agent in setting.dialled] == ["t-1", "t-2"]


async def test_a_named_agent_is_one_in_all_its_conversations(era: str) -> None:
    async with bridge(era, StandIn(), options=_options(agent="alice")) as setting:
        for thread in ("t-1", "t-2"):
            await setting.call("run_task", RUN, meta=_thread(thread))
        assert setting.dialled == [AgentIdentity(agent="alice")]


# ---------------------------------------------------------------- progress


async def test_progress_comes_at_once_and_on_every_push(era: str) -> None:
    send, told = anyio.create_memory_object_stream[tuple[float, str | None]](9)

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        assert total is None
        await send.send((progress, message))

    broker = StandIn(held=anyio.Event())
    async with bridge(era, broker) as setting, anyio.create_task_group() as tasks, send, told:
        tasks.start_soon(setting.call, "run_task", RUN, on_progress)
        assert await told.receive() == (1, "asking for a turn in queue global")
        await broker.arrived.wait()
        broker.push(TaskProgress(report=report(state="waiting", position=2)))
        assert await told.receive() == (2, "position 2 in queue global")
        running = report(state="running", ran_seconds=5)
        broker.push(TaskProgress(report=running, last_line=b"cc\x07 x.c"))
        assert await told.receive() == (3, "running 5s; last output: cc x.c")
        broker.release()


async def test_a_call_without_a_progress_token_asks_for_no_progress(era: str) -> None:
    async with bridge(era, StandIn()) as setting:
        await setting.call("run_task", RUN)
        assert setting.broker.progress is None


# ---------------------------------------------------------------- cancel and concurrency


async def test_cancelling_a_call_cancels_it_at_the_broker(era: str) -> None:
    broker = StandIn(held=anyio.Event())
    async with bridge(era, broker) as setting:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(setting.call, "run_task", RUN)
            await broker.arrived.wait()
            tasks.cancel_scope.cancel()
        await broker.cancel_seen.wait()
        assert (broker.open_calls, broker.cancelled) == (0, 1)
        assert (await setting.call("get_queue_status")).is_error is False


async def test_many_blocked_calls_delay_nobody(era: str) -> None:
    broker = StandIn(held=anyio.Event())
    async with bridge(era, broker) as setting, anyio.create_task_group() as tasks:
        for _ in range(100):
            tasks.start_soon(setting.call, "run_task", RUN)
        with anyio.fail_after(5):
            assert (await setting.call("get_queue_status")).is_error is False
        while broker.open_calls < 100:
            await checkpoint()
        broker.release()


def _options(**changes: object) -> BridgeOptions:
    return replace(OPTIONS, **cast("Any", changes))


def _thread(thread: str) -> t.RequestParamsMeta:
    return cast("t.RequestParamsMeta", {"threadId": thread})
