"""An MCP client that writes raw messages, and the pipe between it and a server."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import mcp.types as t
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.server.lowlevel import Server
from mcp.shared.message import SessionMessage

from signalpost.mcp_bridge.eras import serve_both_eras
from signalpost.mcp_bridge.progress import Token
from signalpost.mcp_bridge.traffic import Traffic

MODERN = "2026-07-28"
ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "new", "version": "1"},
}
INITIALIZE = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "old", "version": "1"},
}
ToServer = MemoryObjectSendStream[SessionMessage | Exception]
FromServer = MemoryObjectReceiveStream[SessionMessage]


class Notes:
    """Sends progress past the SDK, as :meth:`stdio.Pipe.notify` does."""

    def __init__(self) -> None:
        self.to_client: MemoryObjectSendStream[SessionMessage] | None = None

    def __call__(self, token: Token, step: int, text: str) -> None:
        params = {"progressToken": token, "progress": step, "message": text}
        note = t.JSONRPCNotification(jsonrpc="2.0", method="notifications/progress", params=params)
        assert self.to_client is not None
        self.to_client.send_nowait(SessionMessage(note))


class Wire:
    """A client that writes raw messages."""

    def __init__(self, to_server: ToServer, from_server: FromServer) -> None:
        self._to_server = to_server
        self._from_server = from_server

    async def request(self, number: int, method: str, params: dict[str, Any] | None = None) -> None:
        request = t.JSONRPCRequest(jsonrpc="2.0", id=number, method=method, params=params)
        await self._to_server.send(SessionMessage(request))

    async def notify(self, method: str, params: dict[str, Any] | None = None) -> None:
        note = t.JSONRPCNotification(jsonrpc="2.0", method=method, params=params)
        await self._to_server.send(SessionMessage(note))

    async def receive(self) -> t.JSONRPCMessage:
        return (await self._from_server.receive()).message

    async def answer(self, number: int) -> dict[str, Any]:
        """Return the next message, which must be the answer to this request."""
        message = await self.receive()
        assert isinstance(message, t.JSONRPCResponse), message
        assert message.id == number
        return message.result

    async def error(self, number: int) -> t.ErrorData:
        message = await self.receive()
        assert isinstance(message, t.JSONRPCError), message
        assert message.id == number
        return message.error

    async def handshake(self, number: int, client: str = "old") -> None:
        info = {"name": client, "version": "1"}
        await self.request(number, "initialize", {**INITIALIZE, "clientInfo": info})
        assert (await self.answer(number))["protocolVersion"] == "2025-06-18"
        await self.notify("notifications/initialized")

    async def cancel(self, number: int) -> None:
        await self.notify("notifications/cancelled", {"requestId": number, "reason": "time-out"})

    async def call(self, number: int, tool: str, **arguments: object) -> None:
        await self.request(number, "tools/call", {"name": tool, "arguments": arguments})

    async def text(self, number: int) -> str:
        """Return the text of the next message, the result of a tool call."""
        return str((await self.answer(number))["content"][0]["text"])

    async def close(self) -> None:
        await self._to_server.aclose()


def modern(**params: object) -> dict[str, Any]:
    return {**params, "_meta": ENVELOPE}


@asynccontextmanager
async def piped(
    server: Server[dict[str, Any]], traffic: Traffic, notes: Notes | None = None
) -> AsyncGenerator[tuple[FromServer, ToServer], None]:
    """Connect a client to ``server`` as over stdio, but in memory.

    ``traffic`` is told what passes, ``notes`` where to go.
    """
    from_client, to_relay = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    to_server, at_server = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    from_server, at_relay = anyio.create_memory_object_stream[SessionMessage](math.inf)
    to_client, at_client = anyio.create_memory_object_stream[SessionMessage](math.inf)
    if notes is not None:
        notes.to_client = to_client

    async def there() -> None:
        async with to_server:
            async for item in to_relay:
                if isinstance(item, SessionMessage):
                    traffic.came(item.message)
                await to_server.send(item)

    async def back() -> None:
        async for item in at_relay:
            await to_client.send(item)
            traffic.went(item.message)

    with from_client, to_relay, to_server, at_server, from_server, at_relay, to_client, at_client:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(serve_both_eras, server, at_server, from_server)
            tasks.start_soon(there)
            tasks.start_soon(back)
            yield at_client, from_client
            tasks.cancel_scope.cancel()
