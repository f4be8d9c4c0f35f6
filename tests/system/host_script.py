"""An MCP host with the official client over stdio, in a process of its own. Run as a script.

    host_script.py AGENT COMMAND WORDS...

It receives one message through its bridge, says so in a line, and at the end of its
input leaves in order.
"""

from __future__ import annotations

import sys
from functools import partial

import anyio
import anyio.to_thread
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters


async def main(folder: str, command: str, *words: str) -> None:
    environment = {"SIGNALPOST_DATA_DIR": folder, "VIRTUAL_ENV": ""}
    server = StdioServerParameters(command=command, args=[*words], env=environment)
    async with Client(server, mode="auto") as it:
        await it.call_tool("receive_message", {"timeout": 10})
        sys.stdout.write("received\n")
        sys.stdout.flush()
        await anyio.to_thread.run_sync(sys.stdin.read)


if __name__ == "__main__":
    anyio.run(partial(main, *sys.argv[1:]))
