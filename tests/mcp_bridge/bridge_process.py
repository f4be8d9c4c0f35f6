"""A bridge process on real pipes, with a broker that only notes what it hears."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# The stand-in notes what happens to it in a file, in order.
SCRIPT = """
import os, sys
from pathlib import Path
import anyio
from signalpost.mcp_bridge import lean_imports
from signalpost.mcp_bridge.options import BridgeOptions
from signalpost.mcp_bridge.start import main
from signalpost.transport.letters import Delivery, Settled
from signalpost.transport.mail import Deliveries
from signalpost.transport.messages import TaskReport

if "whole" in sys.argv:
    lean_imports.RELEASES = ()

def note(*what):
    with open(sys.argv[1], "a") as file:
        print(*what, file=file)

class StandIn:
    async def run(self):
        await anyio.sleep_forever()

    async def close(self):
        if "hang" in sys.argv:
            await anyio.sleep_forever()
        note("bye")

    async def ping(self):
        if "greeted" in sys.argv:
            note("greeted")

    async def run_task(self, command, *rest, **more):
        note(command)
        if command == "shout":
            print("heard", file=sys.stderr, flush=True)
        if command == "modules":
            note(*(n for n, m in sys.modules.items() if getattr(m, "__spec__", 0)))
        if command == "print":
            print("to stdout")
            os.write(1, b"to descriptor 1")
            os.system("echo from a child; head -c 1")
        if command == "wait":
            try:
                await anyio.sleep_forever()
            finally:
                note("cancelled")
        return TaskReport(task_id=8, state="success", queue_name="q", command=command, exit_code=0,
                          working_directory="/", owner="a", output="/o", created_at=0.0)

    agent = "alice"

    async def take(self, *, acknowledge, **more):
        note("acknowledges:" + ",".join(held.message_id for held in acknowledge))
        message = Delivery(id="id1", sender="bob", to="alice", kind="task", content="hi",
                           sent_at=0.0, lease=b"1")
        return Deliveries(messages=[] if acknowledge else [message])

    async def settle(self, held, outcome):
        note(outcome)
        return [Settled(each.message_id) for each in held]

    async def inboxes(self, agent):
        return []

    async def queues(self):
        raise SystemError("x" * 100)

main(BridgeOptions(data_dir=Path("/nowhere")), lambda agent: StandIn())
"""
INITIALIZE = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(p or os.getcwd() for p in sys.path)}


class Running:
    """A bridge process and the client's ends of its pipes."""

    def __init__(self, process: subprocess.Popen[bytes], notes: Path) -> None:
        self.process = process
        self._notes = notes

    def send(self, method: str, number: int | None = None, **params: object) -> None:
        message: dict[str, object] = {"jsonrpc": "2.0", "method": method, "params": params}
        if number is not None:
            message["id"] = number
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        message: dict[str, Any] = json.loads(self.process.stdout.readline())
        return message

    def handshake(self) -> None:
        self.send("initialize", 0, **INITIALIZE)
        assert self.receive()["id"] == 0
        self.send("notifications/initialized")

    def run(self, command: str, number: int) -> None:
        arguments = {"command": command, "working_directory": "/"}
        self.send("tools/call", number, name="run_task", arguments=arguments)

    def leave_call_open(self) -> None:
        """Return when a call is open; the one after it is answered, so it has been taken up."""
        self.handshake()
        self.run("wait", 1)
        self.run("done", 2)
        assert self.receive()["id"] == 2

    def await_shout(self) -> None:
        assert self.process.stderr is not None
        assert self.process.stderr.readline() == b"heard\n"

    def close_stdin(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def close_stdout(self) -> None:
        assert self.process.stdout is not None
        self.process.stdout.close()

    def end(self) -> tuple[int, str]:
        """Wait for the end; return its status and what it wrote to stderr."""
        status = self.process.wait(5)
        assert self.process.stderr is not None
        return status, self.process.stderr.read().decode()

    def notes(self) -> list[str]:
        return self._notes.read_text().split()


@contextmanager
def running(tmp_path: Path, *words: str) -> Generator[Running, None, None]:
    notes = tmp_path / "notes"
    command = [sys.executable, "-c", SCRIPT, str(notes), *words]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, env=ENVIRONMENT, cwd=tmp_path
    ) as process:
        try:
            yield Running(process, notes)
        finally:
            process.kill()
