"""A real bridge process on real pipes; only the broker is a stand-in."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import mcp.types as t
import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters

# The stand-in notes what happens to it in a file, in order.
SCRIPT = """
import os, sys
from pathlib import Path
import anyio
from signalpost.mcp_bridge.options import BridgeOptions
from signalpost.mcp_bridge.start import main
from signalpost.transport.letters import Delivery, Settled
from signalpost.transport.mail import Deliveries
from signalpost.transport.messages import TaskReport

def note(what):
    with open(sys.argv[1], "a") as file:
        print(what, file=file)

class StandIn:
    async def run(self):
        await anyio.sleep_forever()

    async def close(self):
        if "hang" in sys.argv:
            await anyio.sleep_forever()
        note("bye")

    async def run_task(self, command, *rest, **more):
        note(command)
        if command == "shout":
            print("heard", file=sys.stderr, flush=True)
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
SIGNALS = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]


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


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_ends_it_after_a_bye(tmp_path: Path, number: signal.Signals) -> None:
    with running(tmp_path) as bridge:
        bridge.leave_call_open()
        bridge.process.send_signal(number)
        assert bridge.end() == (0, "")
        assert bridge.notes() == ["wait", "done", "bye", "cancelled"]


def test_the_end_of_stdin_ends_it_after_a_bye(tmp_path: Path) -> None:
    with running(tmp_path) as bridge:
        bridge.leave_call_open()
        bridge.close_stdin()
        assert bridge.end() == (0, "")
        assert bridge.notes() == ["wait", "done", "bye", "cancelled"]


def test_a_client_that_does_not_read_any_more_ends_it(tmp_path: Path) -> None:
    with running(tmp_path) as bridge:
        bridge.leave_call_open()
        bridge.close_stdout()
        bridge.send("ping", 3)
        assert bridge.end() == (0, "")
        assert bridge.notes() == ["wait", "done", "bye", "cancelled"]


@pytest.mark.parametrize("how", ["signal", "eof"])
def test_a_broker_that_hears_no_bye_does_not_hold_it_up(tmp_path: Path, how: str) -> None:
    with running(tmp_path, "hang") as bridge:
        bridge.leave_call_open()
        if how == "signal":
            bridge.process.send_signal(signal.SIGINT)
        else:
            bridge.close_stdin()
        assert bridge.end() == (0, "")


@pytest.mark.parametrize("how", ["signal", "eof"])
def test_a_client_with_a_full_pipe_does_not_hold_it_up(tmp_path: Path, how: str) -> None:
    with running(tmp_path) as bridge:
        bridge.leave_call_open()
        for number in range(10, 60):  # some 8 KB each, into a pipe of 64 KiB
            bridge.send("tools/list", number)
        bridge.run("shout", 99)
        bridge.await_shout()
        if how == "signal":
            bridge.process.send_signal(signal.SIGTERM)
        else:
            bridge.close_stdin()
        assert bridge.end() == (0, "")
        assert "bye" in bridge.notes()


def test_requests_piped_in_at_once_are_answered(tmp_path: Path) -> None:
    with running(tmp_path) as bridge:
        bridge.send("initialize", 0, **INITIALIZE)
        bridge.send("notifications/initialized")
        for number in range(1, 40):  # some 5 KB each: more than the pipe holds
            bridge.send("tools/list", number)
        bridge.close_stdin()
        assert sorted(bridge.receive()["id"] for _ in range(40)) == list(range(40))
        assert bridge.end() == (0, "")


def test_nothing_but_the_protocol_reaches_stdout(tmp_path: Path) -> None:
    with running(tmp_path) as bridge:
        bridge.handshake()
        bridge.run("print", 1)
        bridge.send("ping", 2)
        assert {bridge.receive()["id"], bridge.receive()["id"]} == {1, 2}
        bridge.close_stdin()
        status, errors = bridge.end()
        assert status == 0
        assert "from a child" in errors
        assert "to descriptor 1" in errors


def test_the_next_receive_acknowledges_what_was_written_to_the_pipe(tmp_path: Path) -> None:
    with running(tmp_path) as bridge:
        bridge.handshake()
        for number in (1, 2):
            bridge.send("tools/call", number, name="receive_message", arguments={})
            assert bridge.receive()["id"] == number
        assert bridge.notes() == ["acknowledges:", "acknowledges:id1"]


def test_a_late_cancel_gives_mail_back(tmp_path: Path) -> None:
    with running(tmp_path) as bridge:
        bridge.handshake()
        bridge.send("tools/call", 1, name="receive_message", arguments={})
        assert bridge.receive()["id"] == 1
        bridge.send("notifications/cancelled", requestId=1)
        bridge.send("tools/call", 2, name="receive_message", arguments={})
        assert bridge.receive()["id"] == 2
        assert sorted(bridge.notes()) == ["acknowledges:", "acknowledges:", "return"]


def test_a_fault_is_logged_without_ending_it(tmp_path: Path) -> None:
    with running(tmp_path) as bridge:
        bridge.handshake()
        bridge.send("tools/call", 1, name="get_queue_status", arguments={})
        text = bridge.receive()["result"]["content"][0]["text"]
        assert text.startswith("INTERNAL: ")
        bridge.send("ping", 2)
        assert bridge.receive()["id"] == 2
        bridge.close_stdin()
        status, errors = bridge.end()
        assert status == 0
        assert "SystemError" in errors


@pytest.mark.parametrize("mode", ["legacy", "auto", "2026-07-28"])
async def test_the_official_client_is_served_in_either_era(tmp_path: Path, mode: str) -> None:
    arguments = ["-c", SCRIPT, str(tmp_path / "notes")]
    server = StdioServerParameters(command=sys.executable, args=arguments, env=ENVIRONMENT)
    with anyio.fail_after(20):
        async with Client(server, mode=mode) as client:
            listed = await client.list_tools()
            assert listed.tools[0].name == "run_task"
            run = {"command": "true", "working_directory": "/"}
            result = await client.call_tool("run_task", run)
    [content] = result.content
    assert isinstance(content, t.TextContent)
    assert content.text == "SUCCESS exit=0 0.0s output=/o"
