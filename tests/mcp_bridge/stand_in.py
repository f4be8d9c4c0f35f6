"""A broker that is not there, and an MCP client of a bridge in front of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, cast

import anyio
import mcp.types as t
from mcp.client.client import Client
from mcp.shared.dispatcher import ProgressFnT

from signalpost.mcp_bridge.broker_port import Progress
from signalpost.mcp_bridge.clients import Clients
from signalpost.mcp_bridge.identity import AgentIdentity
from signalpost.mcp_bridge.options import BridgeOptions
from signalpost.mcp_bridge.server import Bridge, Surroundings
from signalpost.mcp_bridge.traffic import Traffic
from signalpost.transport.caller import Caller
from signalpost.transport.messages import QueueState, TaskProgress, TaskReport
from tests.mcp_bridge.mail_stand_in import MailStandIn
from tests.mcp_bridge.wire import Notes, Wire, piped

ERAS = ("legacy", "2026-07-28")
RUN = {"command": "make", "working_directory": "/src"}
CALLER = Caller(environment={b"A": b"1"}, umask=0o22, limits={}, nice=0, parent="")
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
class StandIn(MailStandIn):
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


@dataclass
class Served:
    """A bridge on its pipe, and who was dialled."""

    bridge: Bridge
    traffic: Traffic
    notes: Notes
    dialled: list[AgentIdentity]


async def _caller() -> Caller:
    return CALLER


@asynccontextmanager
async def served(
    broker: StandIn, told: BridgeOptions, environment: Mapping[str, str] | None = None
) -> AsyncGenerator[Served, None]:
    dialled: list[AgentIdentity] = []

    def dial(agent: AgentIdentity) -> StandIn:
        dialled.append(agent)
        return broker

    around = Surroundings(environment or {}, "/home/me/app", _caller)
    async with anyio.create_task_group() as tasks:
        traffic, notes = Traffic(), Notes()
        it = Bridge(told, Clients(tasks, dial), around, traffic, notes)
        yield Served(it, traffic, notes, dialled)
        tasks.cancel_scope.cancel()


@asynccontextmanager
async def bridge(
    era: str,
    broker: StandIn,
    *,
    told: BridgeOptions = OPTIONS,
    client_name: str = "test-client",
    environment: Mapping[str, str] | None = None,
) -> AsyncGenerator[Setting, None]:
    """Serve the official client."""
    info = t.Implementation(name=client_name, version="1")
    with anyio.fail_after(10):
        async with served(broker, told, environment) as it:
            pipe = piped(it.bridge.server(), it.traffic, it.notes)
            async with Client(pipe, mode=era, client_info=info) as client:
                yield Setting(client, broker, it.dialled)


@asynccontextmanager
async def raw_bridge(
    broker: StandIn, *, told: BridgeOptions = OPTIONS, client_name: str = "test-client"
) -> AsyncGenerator[Wire, None]:
    """Serve a client that writes raw messages, after its handshake with the number 0."""
    with anyio.fail_after(10):
        async with (
            served(broker, told) as it,
            piped(it.bridge.server(), it.traffic, it.notes) as (reading, writing),
        ):
            wire = Wire(writing, reading)
            await wire.handshake(0, client_name)
            yield wire


def options(**changes: object) -> BridgeOptions:
    return replace(OPTIONS, **cast("Any", changes))


def thread_meta(thread: str) -> t.RequestParamsMeta:
    return cast("t.RequestParamsMeta", {"threadId": thread})


async def ignored(progress: float, total: float | None, message: str | None) -> None:
    """Take progress without looking at it."""
