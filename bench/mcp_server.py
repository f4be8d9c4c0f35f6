"""An MCP server on stdio, spoken to in bare lines of JSON, so that no client's own cost is measured."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from bench import peers
from bench.usage import family

BARE = """
import anyio
import mcp.types as t
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
TOOL = t.Tool(name="echo", description="echo", input_schema={"type": "object"})
async def on_list(ctx, params): return t.ListToolsResult(tools=[TOOL])
async def on_call(ctx, params): return t.CallToolResult(content=[t.TextContent(text="x")])
server = Server("bare", version="1", on_list_tools=on_list, on_call_tool=on_call)
async def main():
    async with stdio_server() as (r, w): await server.run(r, w, server.create_initialization_options())
anyio.run(main)
"""
"""The least that ``mcp`` can do: one tool that says x."""
_ABOUT = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    # The client without a time limit, so that a call may wait as long as it takes.
    "clientInfo": {"name": "claude-code", "version": "1"},
}


class McpServer:
    """One server process; one call open at a time for each ``answer``."""

    def __init__(self, words: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **(env or {})},
        )
        self._count = 0

    @property
    def pids(self) -> list[int]:
        """The process and its children."""
        return family(self.process.pid)

    def send(self, method: str, params: Mapping[str, object], *, answer: bool = True) -> int:
        """Send a request, or a notification; return the request's id."""
        message: dict[str, object] = {"jsonrpc": "2.0", "method": method, "params": params}
        if answer:
            self._count += 1
            message["id"] = self._count
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()
        return self._count

    def answer(self, number: int) -> dict[str, Any]:
        """Return the answer to a request; what comes before it is skipped."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            said: dict[str, Any] = json.loads(line)
            if said.get("id") == number and "method" not in said:
                assert "result" in said, said
                return said
        raise AssertionError("the server has ended")

    def start(self) -> int:
        """Say hello without waiting for the answer; return the request's id."""
        return self.send("initialize", _ABOUT)

    def begun(self, number: int) -> None:
        """Wait for the answer to hello."""
        self.answer(number)
        self.send("notifications/initialized", {}, answer=False)

    def call(self, tool: str, *, token: str = "", **arguments: object) -> int:
        """Call a tool; return the request's id."""
        meta = {"_meta": {"progressToken": token}} if token else {}
        return self.send("tools/call", {"name": tool, "arguments": arguments, **meta})

    def told(self, step: int) -> None:
        """Wait until a call has told its progress so many times."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if json.loads(line).get("params", {}).get("progress", 0) >= step:
                return
        raise AssertionError("the server has ended")

    def text(self, number: int) -> str:
        """Return the text of a call's result."""
        result: dict[str, Any] = self.answer(number)["result"]
        assert not result.get("isError"), result
        return str(result["content"][0]["text"])

    def close(self) -> None:
        """Close its stdin and wait for its end; kill what does not go."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def signalpost(agent: str, data_dir: str) -> McpServer:
    """Start one of our bridges."""
    words = peers.python("-m", "signalpost", "mcp", *([agent] if agent else []))
    return McpServer(words, {"SIGNALPOST_DATA_DIR": data_dir})


def task_queue(data_dir: str) -> McpServer:
    """Start an agent-task-queue. It has to be there."""
    path = peers.find("agent-task-queue")
    assert path is not None
    return McpServer([path, "--data-dir", data_dir])


def make_task_queue_store(data_dir: str) -> None:
    """Have an agent-task-queue make its database: of two that both have none, one may die."""
    first = task_queue(data_dir)
    first.begun(first.start())
    first.close()


def start_all(servers: Sequence[McpServer]) -> None:
    """Say hello to all, then wait for all."""
    for server, number in [(server, server.start()) for server in servers]:
        server.begun(number)
