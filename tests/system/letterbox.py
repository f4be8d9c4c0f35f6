"""The messaging tools of a bridge, called as tests want them."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio

from tests.system.bridge import Bridge
from tests.system.place import SIGNALPOST, Place

_STAYS = ("/bin/sh", "-c", '"$@"; exit $?', "sh")
"""A parent of its own for what it starts, which a bridge takes for its MCP client."""


def receive(it: Bridge, timeout: float = 10) -> int:
    """Ask for the next message."""
    return it.call("receive_message", timeout=timeout)


async def line(it: Bridge, tool: str, **words: Any) -> Any:  # noqa: ANN401 - JSON
    """Call a tool that answers one line of JSON."""
    return json.loads(await it.text(it.call(tool, **words)))


async def settled(it: Bridge) -> list[str]:
    """Have what was shown last acknowledged, and return what was."""
    acknowledged: list[str] = (await line(it, "receive_message", timeout=0))["acknowledged"]
    return acknowledged


@asynccontextmanager
async def elsewhere(place: Place, *words: str) -> AsyncGenerator[Bridge, None]:
    """Start a bridge for another MCP client than this process."""
    it = Bridge(place.start(*_STAYS, *SIGNALPOST, "mcp", *words))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(it.listen)
        await it.handshake()
        yield it
        it.close_stdin()
        await it.exit(5)
        tasks.cancel_scope.cancel()
