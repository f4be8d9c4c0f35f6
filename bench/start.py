"""Bridge against a bare low-level ``mcp`` stdio server: spawn to the answer of initialize."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.harness import interleave, show
from bench.samples import Samples

ROUNDS = 11

_BARE = """
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

_INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "bench", "version": "1"},
    },
}


class Side:
    """One server: how long it takes to answer, what it weighs, how long to go."""

    def __init__(self, name: str, words: list[str], env: dict[str, str]) -> None:
        self.start = Samples(name)
        self.exit = Samples(name)
        self.memory = Samples(name)
        self._words = words
        self._env = env

    def once(self) -> None:
        """Start it, ask it, weigh it, close its stdin and wait for its end."""
        began = time.perf_counter()
        server = subprocess.Popen(
            self._words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self._env,
        )
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(json.dumps(_INITIALIZE).encode() + b"\n")
        server.stdin.flush()
        answer = json.loads(server.stdout.readline())
        assert "result" in answer, answer
        self.start.values.append(time.perf_counter() - began)
        self.memory.values.append(_rss_mib(server.pid))
        closed = time.perf_counter()
        server.stdin.close()
        server.wait(10)
        self.exit.values.append(time.perf_counter() - closed)
        server.stdout.close()


def _rss_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmRSS")


def main() -> None:
    """Measure both, interleaved, after one warm-up of each."""
    folder = tempfile.mkdtemp(prefix="bench-", dir="/tmp")
    env = {**os.environ, "SIGNALPOST_DATA_DIR": f"{folder}/d"}
    sides = [
        Side("bare mcp low-level server", [sys.executable, "-c", _BARE], env),
        Side("signalpost mcp", [sys.executable, "-m", "signalpost", "mcp"], env),
    ]
    try:
        for side in sides:
            side.once()
            for samples in (side.start, side.exit, side.memory):
                samples.values.clear()
        interleave(ROUNDS, [side.once for side in sides])
    finally:
        shutil.rmtree(folder)
    show("start: spawn -> initialize answer", "milliseconds", 1e3, [s.start for s in sides])
    show("start: memory when answered", "MiB RSS", 1.0, [s.memory for s in sides])
    show("start: stdin closed -> gone", "milliseconds", 1e3, [s.exit for s in sides])
