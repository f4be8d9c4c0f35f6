"""One agent of the demo: a real MCP client, with a real bridge behind it.

    Client --stdio--> signalpost mcp NAME --> the broker

Everything it tells comes from what the MCP client receives: progress
notifications and results of tools.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp.types import CallToolResult, Implementation, TextContent

from .demo_timeline import Row
from .transport.safe_text import one_line
from .transport.version import software

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from mcp.shared.dispatcher import ProgressFnT

Tell = Callable[[str, str], None]
"""Takes the agent's name and what has just happened to it."""

_REMARK = 200


class Unexpected(Exception):
    """A tool answered what it should not have."""


@dataclass(frozen=True, slots=True)
class Agent:
    """Who asks, in which queue, where its copy of the project is, what it does with it."""

    name: str
    queue_name: str
    folder: Path
    command: str

    @asynccontextmanager
    async def connected(self, data_dir: Path) -> AsyncGenerator[Client, None]:
        """Start its bridge and open an MCP session, for the life of the block."""
        program = Path(sys.executable)
        words = ["-P", "-m", "signalpost", "mcp", self.name, "--data-dir", str(data_dir)]
        # A broker whose demo was killed leaves by itself after a minute.
        words += ["--wait-budget", "0", "--idle-exit", "1"]
        path = os.pathsep.join([str(program.parent), os.environ.get("PATH", os.defpath)])
        server = StdioServerParameters(
            command=sys.executable, args=words, env={"PATH": path}, cwd=self.folder
        )
        info = Implementation(name="signalpost-demo", version=software())
        async with Client(server, client_info=info) as client:
            yield client

    async def take_turn(self, client: Client, tell: Tell) -> Row:
        """Ask for a turn, wait until the command has run, and return how it went.

        :raises Unexpected: it was refused, or did not succeed
        """

        async def on_progress(progress: float, total: float | None, message: str | None) -> None:
            tell(self.name, message or "")

        ask: dict[str, object] = {
            "command": self.command,
            "working_directory": str(self.folder),
            "queue_name": self.queue_name,
        }
        result = await self.call(client, "run_task", ask, on_progress)
        task = self._succeeded(result)
        outcome = _without_path(_text(result))
        tell(self.name, f"{outcome}, last line: {await self._last_line(client, task)}")
        return Row(
            agent=self.name,
            queue_name=task["queue_name"],
            waited=task["waited_seconds"],
            ran=task["ran_seconds"],
            result=f"{task['state']}, exit code {task['exit_code']}",
        )

    async def call(
        self,
        client: Client,
        tool: str,
        arguments: dict[str, Any],
        on_progress: ProgressFnT | None = None,
    ) -> CallToolResult:
        """Call a tool of its bridge.

        :raises Unexpected: it was refused
        """
        result = await client.call_tool(tool, arguments, progress_callback=on_progress)
        if result.is_error:
            raise Unexpected(f"{self.name}: {_without_path(_text(result))}")
        return result

    async def _last_line(self, client: Client, task: dict[str, Any]) -> str:
        ask: dict[str, object] = {"task_id": task["task_id"], "lines": 1}
        result = await self.call(client, "task_status", ask)
        self._succeeded(result)
        return one_line(_text(result).rpartition("\n")[2], _REMARK)

    def _succeeded(self, result: CallToolResult) -> dict[str, Any]:
        """Return the task's fields.

        :raises Unexpected: it is no success
        """
        task: dict[str, Any] = (result.meta or {}).get("signalpost/task", {})
        if task.get("state") != "success":
            raise Unexpected(f"{self.name}: {_without_path(_text(result))}")
        return task


def _text(result: CallToolResult) -> str:
    return "".join(part.text for part in result.content if isinstance(part, TextContent))


def _without_path(text: str) -> str:
    """Return a result without the place of its log, which is gone when somebody reads this."""
    first, newline, tail = text.partition("\n")
    return first.partition(" output=")[0] + newline + tail
