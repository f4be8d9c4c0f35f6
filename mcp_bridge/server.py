"""The MCP server: what is offered, who calls, and how a refusal is told.

Every answer is text for the model; the same fields are in the result's
``_meta`` under ``signalpost/…`` for programs. A refusal is a result with
``isError`` that begins with its code; a tool call never becomes a JSON-RPC
error, since many clients do not show those to the model.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import mcp.types as t
from mcp.server.lowlevel import Server
from mcp.shared.dispatcher import coerce_request_id
from mcp.shared.exceptions import MCPError

from ..transport.caller import Caller
from ..transport.errors import BadRequest, SignalpostError
from ..transport.version import software
from . import identity
from .arguments import read_call
from .asker import Asker, Context, client_name
from .clients import Clients
from .greeting import Greeting
from .instructions import instructions
from .mail_calls import MailCall
from .mail_handlers import MailHandlers
from .options import BridgeOptions
from .progress import Notify
from .results import refusal
from .task_extension import FIRST_VERSION, TASKS, Answer, TaskExtension, is_declared, require
from .task_handlers import TaskHandlers
from .ticket_key import TicketKey
from .tool_text import ToolText
from .tools import offered
from .traffic import Traffic
from .wakers import CHANNEL, Spot, Wakers

logger = logging.getLogger(__name__)

_MARK_BYTES = 8


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the bridge knows of the process it runs in."""

    environment: Mapping[str, str]
    working_directory: str
    """Absolute; empty: it is gone."""
    caller: Callable[[], Awaitable[Caller]]
    """Reads what a command inherits, anew for each call."""


class Bridge:
    """Answers the requests of one MCP client.

    ``traffic`` tells what passes over its pipe, ``notify`` sends progress there.
    """

    def __init__(
        self,
        options: BridgeOptions,
        clients: Clients,
        around: Surroundings,
        traffic: Traffic,
        notify: Notify,
        wakers: Wakers | None = None,
    ) -> None:
        self._options = options
        self._clients = clients
        self._notify = notify
        self._wakers = wakers
        self._around = around
        self._tools = offered(no_tasks=options.no_tasks)
        self._tasks = TaskHandlers(options, around.caller)
        self._mail = MailHandlers(clients, lambda: os.urandom(_MARK_BYTES).hex())
        self._extension = TaskExtension(
            clients,
            self._tasks,
            self._mail,
            TicketKey(options.data_dir),
            time.time,
            messages_only=options.no_tasks,
        )
        self._greeting = Greeting(clients)
        traffic.tell(self._greeting)
        traffic.tell(self._mail)
        traffic.tell(self._extension.waits)

    def server(self) -> Server[dict[str, Any]]:
        """Return the MCP server; it advertises tools and nothing else."""
        server = Server(
            "signalpost",
            version=software(),
            title="Signalpost",
            instructions=instructions(self._known_name(), no_tasks=self._options.no_tasks),
            on_list_tools=self._list_tools,
        )
        # Not on_call_tool=: the SDK does not know of calls that become tasks.
        server.add_request_handler("tools/call", t.CallToolRequestParams, self._call_tool)
        server.add_request_handler("server/discover", t.RequestParams, partial(_discover, server))
        server.add_request_handler("subscriptions/listen", _Subscription, _listen)
        server.add_request_handler("tasks/get", t.GetTaskRequestParams, self._get_task)
        server.add_request_handler("tasks/cancel", t.CancelTaskRequestParams, self._cancel_task)
        server.add_request_handler("tasks/update", t.GetTaskRequestParams, self._update_task)
        if self._options.wake == "channel":
            _open_channel(server)
        server.middleware.clear()  # only tracing: nobody traces a bridge, and it costs every call
        return server

    async def _list_tools(
        self, context: Context, _params: t.PaginatedRequestParams | None
    ) -> t.ListToolsResult:
        # The others are to see an agent before it says a word.
        if (agent := self._foreseen(context)) is not None:
            self._greeting.owe(coerce_request_id(context.request_id or 0), agent)
        return t.ListToolsResult(tools=[_as_tool(tool) for tool in self._tools])

    async def _call_tool(self, context: Context, params: t.CallToolRequestParams) -> Answer:
        try:
            return await self._answer(context, params)
        except SignalpostError as error:
            return refusal(error.code, str(error))
        except Exception:
            logger.exception("a tool call failed")
            return refusal("INTERNAL", "a fault of the bridge, see its log. Try again once.")

    async def _answer(self, context: Context, params: t.CallToolRequestParams) -> Answer:
        call = read_call(params.name, params.arguments)
        if all(tool.name != params.name for tool in self._tools):
            raise BadRequest(
                f"{params.name} is switched off here by --no-tasks."
                " Run the command in your own shell."
            )
        agent = self._agent(context)
        if self._wakers is not None:
            self._wakers.begin(agent, Spot.of(context.meta or {}))
        asker = self._asker(context)
        if is_declared(context) and (begun := await self._extension.begin(call, agent, asker)):
            return begun
        if isinstance(call, MailCall):
            return await self._mail.answer(call, agent, asker)
        return await self._tasks.answer(call, self._clients.of(agent), asker)

    async def _get_task(self, context: Context, params: t.GetTaskRequestParams) -> dict[str, Any]:
        require(context)
        agent, asker = self._agent(context), self._asker(context)
        return await self._extension.get(params.task_id, agent, asker)

    async def _cancel_task(
        self, context: Context, params: t.CancelTaskRequestParams
    ) -> dict[str, Any]:
        require(context)
        return await self._extension.cancel(params.task_id, self._agent(context))

    async def _update_task(
        self, context: Context, params: t.GetTaskRequestParams
    ) -> dict[str, Any]:
        require(context)
        return await self._extension.update(params.task_id, self._agent(context))

    def _asker(self, context: Context) -> Asker:
        option, environment = self._options.wait_budget, self._around.environment
        return Asker.of(context, self._notify, option=option, environment=environment)

    def _agent(self, context: Context) -> identity.AgentIdentity:
        name = identity.given_name(self._options.agent, self._around.environment)
        client, folder = client_name(context), self._around.working_directory
        if name:
            return identity.AgentIdentity(agent=name, client=client, working_directory=folder)
        return identity.unnamed(folder, client, context.meta or {}, self._around.environment)

    def _foreseen(self, context: Context) -> identity.AgentIdentity | None:
        """Return from whom the calls of this client will come, if that is known by now."""
        client, meta = client_name(context), context.meta or {}
        try:
            agent = self._agent(context)
        except BadRequest:
            return None  # every tool call will say what is wrong with its name
        return agent if agent.agent or identity.is_known_before_a_call(client, meta) else None

    def _known_name(self) -> str:
        try:
            return identity.given_name(self._options.agent, self._around.environment)
        except BadRequest:
            return ""  # every tool call will say what is wrong with it


async def _discover(
    server: Server[dict[str, Any]], context: Context, _params: t.RequestParams
) -> t.DiscoverResult:
    """Say what there is; the Tasks extension only to those who declare it."""
    extensions: dict[str, dict[str, Any]] | None = {TASKS: {}} if is_declared(context) else None
    # Without the version, from which the SDK concludes that what can be asked for is also served.
    return t.DiscoverResult(
        supported_versions=[FIRST_VERSION],
        capabilities=server.get_capabilities(extensions=extensions),
        instructions=server.instructions,
    )


class _Subscription(t.RequestParams):
    """What a client would be told unasked; nothing of it is checked, since all is refused."""

    notifications: object = None


async def _listen(context: Context, params: _Subscription) -> t.EmptyResult:
    """Serve nobody: clients look at their tasks. The extension has a word for who did not declare it.

    :raises MCPError: always
    """
    wished = params.notifications
    if isinstance(wished, dict) and cast("dict[str, object]", wished).get("taskIds"):
        require(context)
    raise MCPError(code=t.METHOD_NOT_FOUND, message="Method not found", data="subscriptions/listen")


def _open_channel(server: Server[dict[str, Any]]) -> None:
    """Declare the channel; Claude Code knows of none in 2026-07-28, so that is not to be found."""
    server.add_request_handler("server/discover", t.RequestParams, _not_discovered)
    declare = server.create_initialization_options
    server.create_initialization_options = partial(  # type: ignore[method-assign]
        declare, experimental_capabilities={CHANNEL: {}}
    )


async def _not_discovered(_context: Context, _params: t.RequestParams) -> t.DiscoverResult:
    raise MCPError(code=t.METHOD_NOT_FOUND, message="Method not found", data="server/discover")


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
