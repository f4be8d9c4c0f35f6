"""A real bridge in front of a real broker, spoken to in bare lines of JSON."""

from __future__ import annotations

import json
import subprocess
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.to_thread

from tests.system.place import GRACE, SECONDS, SIGNALPOST, Place

LEGACY = "2025-06-18"
MODERN = "2026-07-28"
_ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": {"name": "claude-code", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


class Bridge:
    """Use :func:`bridge`."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.pid = process.pid
        self.notes: list[dict[str, Any]] = []
        """Notifications, in order."""
        self._answers: dict[int, dict[str, Any]] = {}
        self._news = anyio.Event()
        self._count = 0
        self.ended = anyio.Event()

    # ------------------------------------------------------------ speaking

    def send(self, method: str, params: Mapping[str, Any], number: int | None = None) -> None:
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params}
        if number is not None:
            message["id"] = number
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def ask(self, method: str, params: Mapping[str, Any]) -> int:
        """Send a request and return its id."""
        self._count += 1
        self.send(method, params, self._count)
        return self._count

    def call(self, tool: str, *, token: str = "", **arguments: object) -> int:
        meta = {"_meta": {"progressToken": token}} if token else {}
        return self.ask("tools/call", {"name": tool, "arguments": arguments, **meta})

    def run_task(self, command: str, *, token: str = "", **arguments: object) -> int:
        where = {"working_directory": "/tmp"}
        return self.call("run_task", token=token, command=command, **{**where, **arguments})

    def cancel(self, number: int) -> None:
        self.send("notifications/cancelled", {"requestId": number})

    async def handshake(self, client: str = "claude-code") -> None:
        about = {
            "protocolVersion": LEGACY,
            "capabilities": {},
            "clientInfo": {"name": client, "version": "1"},
        }
        await self.answer(self.ask("initialize", about))
        self.send("notifications/initialized", {})

    async def discover(self) -> dict[str, Any]:
        """Probe as a client of the newer era does."""
        return await self.answer(self.ask("server/discover", {"_meta": _ENVELOPE}))

    # ------------------------------------------------------------ hearing

    async def answer(self, number: int, seconds: float = SECONDS) -> dict[str, Any]:
        """Return the answer to a request."""
        with anyio.fail_after(seconds):
            while number not in self._answers:
                await self._news.wait()
        return self._answers.pop(number)

    async def text(self, number: int, seconds: float = SECONDS) -> str:
        """Return the text of a tool's result."""
        result = (await self.answer(number, seconds))["result"]
        text: str = result["content"][0]["text"]
        return text

    def answered(self, number: int) -> bool:
        return number in self._answers

    async def note(self, containing: str) -> str:
        """Return the first message of a progress note that contains a text."""
        with anyio.fail_after(SECONDS):
            while True:
                for each in self.notes:
                    message = str(each["params"].get("message", ""))
                    if containing in message:
                        return message
                await self._news.wait()

    async def listen(self) -> None:
        assert self.process.stdout is not None
        while line := await anyio.to_thread.run_sync(
            self.process.stdout.readline, abandon_on_cancel=True
        ):
            said = json.loads(line)
            if "id" in said:
                self._answers[said["id"]] = said
            else:
                self.notes.append(said)
            news, self._news = self._news, anyio.Event()
            news.set()
        self.ended.set()

    # ------------------------------------------------------------ the end

    def close_stdin(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    async def exit(self, seconds: float) -> int:
        """Return the exit status, which must come soon."""
        with anyio.fail_after(seconds):
            await self.ended.wait()
            return await anyio.to_thread.run_sync(self.process.wait, abandon_on_cancel=True)


@asynccontextmanager
async def bridge(
    place: Place, *words: str, environment: Mapping[str, str] | None = None
) -> AsyncGenerator[Bridge, None]:
    """Start a bridge, and kill it at the end of the block."""
    command = [*SIGNALPOST, "mcp", "--grace", str(GRACE), *words]
    it = Bridge(place.start(*command, environment=environment))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(it.listen)
        try:
            yield it
        finally:
            it.process.kill()
            tasks.cancel_scope.cancel()
