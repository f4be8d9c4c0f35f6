"""A message all the way: MCP tool, bridge, broker, bridge, MCP result.

One agent waits in ``receive_message``, another calls ``send_message``; the clock
runs from the line that calls to the line that brings the mail. It passes
through two MCP servers, so the floor is two calls of a tool that does nothing
in a bare ``mcp`` server, one after the other.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle

from bench import mcp_server, peers
from bench.harness import interleave, show
from bench.mcp_server import McpServer
from bench.samples import Samples

ROUNDS = 10
MESSAGES = 7
SENDERS = 3
"""They take turns: sixty messages between two agents in a minute are refused as a loop."""
SIZES = (64, 16 * 1024)
PARKED = 0.01
"""Seconds in which a receiver is sure to wait."""


def main() -> None:
    """Measure both, interleaved."""
    folder = tempfile.mkdtemp(prefix="bench-", dir="/tmp")
    servers: list[McpServer] = []
    with peers.serving("-m", "signalpost", "broker", "--auto", "--data-dir", f"{folder}/d"):
        try:
            names = ["alice", *(f"bob-{number}" for number in range(SENDERS))]
            servers += [mcp_server.signalpost(name, f"{folder}/d") for name in names]
            servers += [McpServer(peers.python("-c", mcp_server.BARE))]
            mcp_server.start_all(servers)
            for bridge in servers[:-1]:
                bridge.text(bridge.call("get_queue_status"))  # only now is it registered
            for size in SIZES:
                _measure(servers[0], cycle(servers[1:-1]), servers[-1], "x" * size)
        finally:
            for server in servers:
                server.close()
            shutil.rmtree(folder)


def _measure(alice: McpServer, bobs: Iterator[McpServer], bare: McpServer, content: str) -> None:
    floor = Samples("bare mcp server, two calls")
    whole = Samples("signalpost, send_message to receive_message")

    def two() -> None:
        for _ in range(MESSAGES):
            began = time.perf_counter()
            bare.answer(bare.call("echo", content=content))
            bare.answer(bare.call("echo", content=content))
            floor.values.append(time.perf_counter() - began)

    def post() -> None:
        for _ in range(MESSAGES):
            receiving = alice.call("receive_message", timeout=60)
            time.sleep(PARKED)
            bob = next(bobs)
            began = time.perf_counter()
            sending = bob.call("send_message", to="alice", content=content)
            alice.text(receiving)
            whole.values.append(time.perf_counter() - began)
            bob.text(sending)

    for side, samples in ((two, floor), (post, whole)):
        side()
        samples.clear()
    interleave(ROUNDS, [two, post], f"mcp, {len(content)} bytes")
    at = ("message size in bytes", float(len(content)))
    show(f"mcp: {len(content)} bytes", "milliseconds", 1e3, [floor, whole], at)
