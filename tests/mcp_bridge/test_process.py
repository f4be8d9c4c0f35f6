"""A real bridge process on real pipes; only the broker is a stand-in."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import anyio
import mcp.types as t
import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters

from tests.mcp_bridge.bridge_process import ENVIRONMENT, INITIALIZE, SCRIPT, running

SIGNALS = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]


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
