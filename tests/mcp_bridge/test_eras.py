"""Each request on a pipe is served in the protocol era it is written in."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import mcp.types as t
import pytest
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.message import SessionMessage

from signalpost.mcp_bridge.eras import serve_both_eras
from tests.mcp_bridge.wire import ENVELOPE, INITIALIZE, MODERN, Wire, modern

Context = ServerRequestContext[dict[str, Any]]


class Tools:
    """A server whose tools say who called, wait, or fail."""

    def __init__(self) -> None:
        self.waiting = anyio.Event()
        self.cancelled = anyio.Event()
        self.server: Server[dict[str, Any]] = Server("test", on_call_tool=self._call)

    async def _call(self, context: Context, params: t.CallToolRequestParams) -> t.CallToolResult:
        if params.name == "fail":
            raise ZeroDivisionError("secret")
        if params.name == "wait":
            try:
                self.waiting.set()
                await anyio.sleep_forever()
            finally:
                self.cancelled.set()
        who = context.session.client_params
        await context.session.report_progress(1, None, "hello")
        text = f"{context.protocol_version} {who.client_info.name if who else '-'}"
        return t.CallToolResult(content=[t.TextContent(text=text)])


@asynccontextmanager
async def wired(tools: Tools) -> AsyncGenerator[Wire, None]:
    to_server, at_server = anyio.create_memory_object_stream[SessionMessage | Exception]()
    to_client, at_client = anyio.create_memory_object_stream[SessionMessage](math.inf)
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks, to_server, at_client:
            tasks.start_soon(serve_both_eras, tools.server, at_server, to_client)
            yield Wire(to_server, at_client)
            tasks.cancel_scope.cancel()


async def _who_old(wire: Wire, number: int) -> str:
    await wire.request(number, "tools/call", {"name": "who"})
    return str((await wire.answer(number))["content"][0]["text"])


async def _who_new(wire: Wire, number: int) -> str:
    await wire.request(number, "tools/call", modern(name="who"))
    return str((await wire.answer(number))["content"][0]["text"])


async def test_a_probe_does_not_settle_the_era() -> None:
    async with wired(Tools()) as wire:
        await wire.request(1, "server/discover", modern())
        assert (await wire.answer(1))["supportedVersions"] == [MODERN]
        await wire.handshake(2)
        assert await _who_old(wire, 3) == "2025-06-18 old"


async def test_both_eras_are_served_in_turn() -> None:
    async with wired(Tools()) as wire:
        assert await _who_new(wire, 1) == f"{MODERN} new"
        await wire.handshake(2)
        assert await _who_old(wire, 3) == "2025-06-18 old"
        assert await _who_new(wire, 4) == f"{MODERN} new"


async def test_an_initialize_with_an_envelope_is_a_handshake() -> None:
    async with wired(Tools()) as wire:
        await wire.request(1, "initialize", {**INITIALIZE, "_meta": ENVELOPE})
        assert (await wire.answer(1))["protocolVersion"] == "2025-06-18"


@pytest.mark.parametrize("token", ["abc", 7])
async def test_progress_flows_in_both_eras_before_the_answer(token: str | int) -> None:
    async with wired(Tools()) as wire:
        await wire.handshake(1)
        for number, meta in ((2, {}), (3, ENVELOPE)):
            params = {"name": "who", "_meta": {**meta, "progressToken": token}}
            await wire.request(number, "tools/call", params)
            note = await wire.receive()
            assert isinstance(note, t.JSONRPCNotification)
            assert note.params == {"progressToken": token, "progress": 1, "message": "hello"}
            await wire.answer(number)


async def test_half_an_envelope_is_refused() -> None:
    async with wired(Tools()) as wire:
        key = "io.modelcontextprotocol/protocolVersion"
        await wire.request(1, "tools/call", {"name": "who", "_meta": {key: MODERN}})
        assert (await wire.error(1)).code == t.INVALID_PARAMS
        await wire.request(
            2, "tools/call", {"name": "who", "_meta": {**ENVELOPE, key: "2031-01-01"}}
        )
        assert (await wire.error(2)).code == -32022


async def test_a_fault_in_a_handler_does_not_leak_its_text() -> None:
    async with wired(Tools()) as wire:
        await wire.request(1, "tools/call", modern(name="fail"))
        error = await wire.error(1)
        assert error.code == t.INTERNAL_ERROR
        assert "secret" not in error.message


@pytest.mark.parametrize("era", ["old", "new"])
async def test_a_cancelled_call_is_not_answered_and_others_are(era: str) -> None:
    tools = Tools()
    async with wired(tools) as wire:
        await wire.handshake(1)
        params = {"name": "wait"} if era == "old" else modern(name="wait")
        await wire.request(2, "tools/call", params)
        await tools.waiting.wait()
        await wire.notify("notifications/cancelled", {"requestId": 2, "reason": "time-out"})
        await tools.cancelled.wait()
        assert await _who_old(wire, 3) == "2025-06-18 old"


async def test_a_late_or_unknown_cancel_is_harmless() -> None:
    async with wired(Tools()) as wire:
        await wire.handshake(1)
        await _who_old(wire, 2)
        for number in (2, 99, "x", None):
            await wire.notify("notifications/cancelled", {"requestId": number})
        assert await _who_old(wire, 3) == "2025-06-18 old"
        assert await _who_new(wire, 4) == f"{MODERN} new"


async def test_the_end_of_the_pipe_cancels_what_is_open() -> None:
    tools = Tools()
    async with wired(tools) as wire:
        await wire.request(1, "tools/call", modern(name="wait"))
        await tools.waiting.wait()
        await wire.close()
        await tools.cancelled.wait()
