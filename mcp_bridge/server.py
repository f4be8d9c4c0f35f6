"""The MCP server: one handler per tool, each an await on the broker.

Every answer is text for the model; the same fields are in the result's
``_meta`` under ``signalpost/…`` for programs. A refusal is a result with
``isError`` that begins with its code; a tool call never becomes a JSON-RPC
error, since many clients do not show those to the model.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import mcp.types as t
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server

from ..transport.caller import Caller
from ..transport.errors import BadRequest, SignalpostError
from ..transport.messages import TaskReport
from ..transport.version import software
from . import calls, identity, render
from .arguments import read_call
from .broker_port import BrokerPort, Progress
from .budget import capped, wait_budget
from .clients import Clients
from .instructions import instructions
from .options import BridgeOptions
from .progress import told
from .safe_text import safe_text
from .tools import ToolText, offered

logger = logging.getLogger(__name__)

Context = ServerRequestContext[dict[str, Any]]
_MAX_REFUSAL = 2000


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the bridge knows of the process it runs in."""

    environment: Mapping[str, str]
    folder: str
    """Name of the working folder."""
    caller: Callable[[], Caller]
    """Reads what a command inherits, anew for each call."""


class Bridge:
    """Answers the requests of one MCP client."""

    def __init__(self, options: BridgeOptions, clients: Clients, around: Surroundings) -> None:
        self._options = options
        self._clients = clients
        self._around = around
        self._tools = offered(no_tasks=options.no_tasks)

    def server(self) -> Server[dict[str, Any]]:
        """Return the MCP server; it advertises tools and nothing else."""
        server = Server(
            "signalpost",
            version=software(),
            title="Signalpost",
            instructions=instructions(self._known_name(), no_tasks=self._options.no_tasks),
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
        )
        server.middleware.clear()  # only tracing: nobody traces a bridge, and it costs every call
        return server

    async def _list_tools(
        self, _context: Context, _params: t.PaginatedRequestParams | None
    ) -> t.ListToolsResult:
        return t.ListToolsResult(tools=[_as_tool(tool) for tool in self._tools])

    async def _call_tool(
        self, context: Context, params: t.CallToolRequestParams
    ) -> t.CallToolResult:
        try:
            return await self._answer(context, params)
        except SignalpostError as error:
            return _refusal(error.code, str(error))
        except Exception:
            logger.exception("a tool call failed")
            return _refusal("INTERNAL", "a fault of the bridge, see its log. Try again once.")

    async def _answer(self, context: Context, params: t.CallToolRequestParams) -> t.CallToolResult:
        call = read_call(params.name, params.arguments)
        if all(tool.name != params.name for tool in self._tools):
            raise BadRequest(
                f"{params.name} is switched off here by --no-tasks."
                " Run the command in your own shell."
            )
        broker = self._clients.of(self._agent(context))
        match call:
            case calls.RunTask():
                return self._task_result(await self._run_task(broker, context, call))
            case calls.TaskStatus():
                report = await self._task_status(broker, context, call)
                return self._task_result(report, call.lines)
            case calls.CancelTask():
                return self._task_result(await broker.cancel_task(call.task_id))
            case calls.ClearTaskLogs():
                return _fields_result(
                    "signalpost/cleared", {"deleted": await broker.clear_task_logs()}
                )
            case calls.GetQueueStatus():
                return _fields_result(
                    "signalpost/queues", render.queue_fields(await broker.queues())
                )

    async def _run_task(
        self, broker: BrokerPort, context: Context, call: calls.RunTask
    ) -> TaskReport:
        wait = 0 if call.notify else self._budget(context)
        caller = self._around.caller()

        async def ask(progress: Progress | None) -> TaskReport:
            return await broker.run_task(
                call.command,
                call.working_directory,
                call.queue_name,
                timeout_seconds=call.timeout_seconds,
                env_vars=call.env_vars,
                notify=call.notify,
                on_disconnect=self._options.on_disconnect,
                wait_seconds=wait,
                progress=progress,
                caller=caller,
            )

        return await _with_progress(context, ask, f"asking for a turn in queue {call.queue_name}")

    async def _task_status(
        self, broker: BrokerPort, context: Context, call: calls.TaskStatus
    ) -> TaskReport:
        wait = capped(call.wait_seconds, self._budget(context))
        # A finished task shows its end without being asked for lines.
        lines = call.lines or self._options.tail_lines

        async def ask(progress: Progress | None) -> TaskReport:
            return await broker.task_status(call.task_id, wait, lines, progress=progress)

        return await _with_progress(context, ask, f"asking about task {call.task_id}")

    def _task_result(self, report: TaskReport, asked_lines: int = 0) -> t.CallToolResult:
        tail_lines = self._options.tail_lines
        text = render.result_text(report, tail_lines=tail_lines, asked_lines=asked_lines)
        return _result(text, {"signalpost/task": render.task_fields(report)})

    def _budget(self, context: Context) -> float | None:
        return wait_budget(
            _client_name(context),
            option=self._options.wait_budget,
            progress=_takes_progress(context),
            environment=self._around.environment,
        )

    def _agent(self, context: Context) -> identity.AgentIdentity:
        name = identity.given_name(self._options.agent, self._around.environment)
        if name:
            return identity.AgentIdentity(agent=name)
        client, meta = _client_name(context), context.meta or {}
        return identity.unnamed(self._around.folder, client, meta, self._around.environment)

    def _known_name(self) -> str:
        try:
            return identity.given_name(self._options.agent, self._around.environment)
        except BadRequest:
            return ""  # every tool call will say what is wrong with it


async def _with_progress(
    context: Context, ask: Callable[[Progress | None], Awaitable[TaskReport]], opening: str
) -> TaskReport:
    if not _takes_progress(context):
        return await ask(None)

    async def tell(step: float, message: str) -> None:
        await context.session.report_progress(step, None, message)

    return await told(ask, tell, opening)


def _client_name(context: Context) -> str:
    params = context.session.client_params
    return params.client_info.name if params else ""


def _takes_progress(context: Context) -> bool:
    return (context.meta or {}).get("progress_token") is not None


def _as_tool(tool: ToolText) -> t.Tool:
    return t.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.input_schema,
        annotations=t.ToolAnnotations(
            title=tool.title,
            read_only_hint=tool.read_only,
            destructive_hint=tool.destructive,
            open_world_hint=tool.open_world,
        ),
    )


def _fields_result(key: str, fields: render.Json) -> t.CallToolResult:
    return _result(render.as_line(fields), {key: fields})


def _result(text: str, meta: dict[str, Any]) -> t.CallToolResult:
    return t.CallToolResult(content=[t.TextContent(text=text)], _meta=meta)


def _refusal(code: str, text: str) -> t.CallToolResult:
    written = safe_text(f"{code}: {text}")[:_MAX_REFUSAL]
    return t.CallToolResult(content=[t.TextContent(text=written)], is_error=True)
