"""A client that declares the Tasks extension, and a clock that tells what it is told."""

from __future__ import annotations

from typing import Any

import pytest

from signalpost.mcp_bridge import server
from signalpost.mcp_bridge.task_extension import TASKS
from tests.mcp_bridge.stand_in import report
from tests.mcp_bridge.wire import ENVELOPE, Wire

DECLARED: dict[str, Any] = {
    **ENVELOPE,
    "io.modelcontextprotocol/clientCapabilities": {"extensions": {TASKS: {}}},
}
RUNNING = report(state="running", exit_code=None, ran_seconds=3)
LONG = {"timeout": 600}
METHODS = ["tasks/get", "tasks/cancel", "tasks/update"]


class Clock:
    """Stands in for the module :mod:`time`."""

    def __init__(self, now: float) -> None:
        self.now = now

    def time(self) -> float:
        return self.now


def at(monkeypatch: pytest.MonkeyPatch, now: float) -> Clock:
    clock = Clock(now)
    monkeypatch.setattr(server, "time", clock)
    return clock


async def ask(wire: Wire, number: int, method: str, **params: object) -> dict[str, Any]:
    await wire.request(number, method, {**params, "_meta": DECLARED})
    return await wire.answer(number)


async def call(wire: Wire, number: int, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return await ask(wire, number, "tools/call", name=tool, arguments=arguments)


async def refused(wire: Wire, number: int, method: str, name: str) -> int:
    await wire.request(number, method, {"taskId": name, "_meta": DECLARED})
    return (await wire.error(number)).code


async def get(wire: Wire, number: int, name: str) -> dict[str, Any]:
    return await ask(wire, number, "tasks/get", taskId=name)
