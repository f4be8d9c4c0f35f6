"""Both protocol eras on one pipe: each request is served in the era it is written in.

The SDK's own driver settles the era of a connection at its first request.
Clients that probe with ``server/discover`` (2026-07-28) and then send
``initialize`` (2025-11-25 and before) on the same pipe would never connect.
All that this needs of the SDK's inner modules is imported here and nowhere
else; with :mod:`.lean_imports` it is the reason why the SDK's version is held
to one minor.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.server.connection import Connection, NotifyOnlyOutbound
from mcp.server.lowlevel import Server
from mcp.server.runner import (
    ServerRunner,
    _has_modern_envelope,  # pyright: ignore[reportPrivateUsage]  # how the SDK tells the eras
    _NoServerRequestsDispatchContext,  # pyright: ignore[reportPrivateUsage]  # no public name
    aclose_shielded,
    modern_error_data,
    serve_one,
)
from mcp.shared.dispatcher import DispatchContext
from mcp.shared.exceptions import MCPError
from mcp.shared.inbound import InboundLadderRejection, classify_inbound_request
from mcp.shared.jsonrpc_dispatcher import JSONRPCDispatcher
from mcp.shared.message import SessionMessage
from mcp.shared.transport_context import TransportContext
from pydantic import ValidationError

Reading = MemoryObjectReceiveStream[SessionMessage | Exception]
Writing = MemoryObjectSendStream[SessionMessage]
_Context = DispatchContext[TransportContext]
_Params = Mapping[str, Any] | None
_State = dict[str, Any]


async def serve_both_eras(server: Server[_State], reading: Reading, writing: Writing) -> None:
    """Serve ``server`` until ``reading`` ends; then cancel what is open and close both streams."""
    dispatcher: JSONRPCDispatcher[TransportContext] = JSONRPCDispatcher(
        reading, writing, inline_methods=frozenset({"initialize"})
    )
    handshake = Connection.for_loop(dispatcher)
    runner: ServerRunner[_State] = ServerRunner(server, handshake, {})
    outbound = NotifyOnlyOutbound(dispatcher)

    async def on_request(context: _Context, method: str, params: _Params) -> dict[str, Any]:
        if method == "initialize" or not _has_modern_envelope(params):
            return await runner.on_request(context, method, params)
        return await _serve_modern(server, outbound, context, method, params)

    try:
        await dispatcher.run(on_request, runner.on_notify)
    finally:
        await aclose_shielded(handshake)


async def _serve_modern(
    server: Server[_State],
    outbound: NotifyOnlyOutbound,
    context: _Context,
    method: str,
    params: _Params,
) -> dict[str, Any]:
    """Serve one request that carries its own protocol version and client."""
    route = classify_inbound_request({"method": method, "params": params})
    if isinstance(route, InboundLadderRejection):
        raise MCPError(code=route.code, message=route.message, data=route.data)
    connection = Connection.from_envelope(
        route.protocol_version, route.client_info, route.client_capabilities, outbound=outbound
    )
    channel = _NoServerRequestsDispatchContext(context)
    try:
        return await serve_one(
            server, channel, method, params, connection=connection, lifespan_state={}
        )
    except (MCPError, ValidationError):
        raise
    except Exception as error:  # the dispatcher would send its text to the client
        data = modern_error_data(error)
        raise MCPError(code=data.code, message=data.message, data=data.data) from error
