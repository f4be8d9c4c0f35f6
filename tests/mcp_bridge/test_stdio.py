"""Lines become messages and messages lines; nothing a client sends breaks the pipe."""

from __future__ import annotations

import json
import math
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import mcp.types as t
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.shared.message import SessionMessage

from signalpost.mcp_bridge.stdio import Pipe, parse
from signalpost.mcp_bridge.traffic import Traffic

PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n'


def _call(arguments: str) -> bytes:
    head = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"run_task","arguments":'
    return (head + arguments + "}}\n").encode()


def _params(line: bytes) -> dict[str, Any]:
    message = parse(line)
    assert isinstance(message, t.JSONRPCRequest)
    assert message.params is not None
    return message.params


def test_a_message_is_read() -> None:
    message = parse(PING)
    assert isinstance(message, t.JSONRPCRequest)
    assert (message.id, message.method) == (1, "ping")


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"garbage\n",
        b"{}\n",
        b"[]\n",
        b'["\xff"]\n',
        b'"\\ud800"\n',
        b'{"params": {"arguments": "\\ud800"}}\n',
    ],
)
def test_what_is_no_message_is_dropped(line: bytes) -> None:
    assert parse(line) is None


@pytest.mark.parametrize("depth", [1000, 100_000])
def test_what_is_nested_too_deeply_cannot_be_read(depth: int) -> None:
    with pytest.raises(RecursionError):
        parse(_call('{"metadata":' + '{"a":' * depth + "1" + "}" * depth + "}"))


def test_a_number_with_more_digits_than_can_be_read_is_kept_to_be_refused() -> None:
    params = _params(_call('{"timeout_seconds":1' + "0" * 5000 + ',"lines":-1' + "0" * 5000 + "}"))
    assert params["arguments"] == {"timeout_seconds": math.inf, "lines": -math.inf}


def test_lone_surrogates_in_arguments_are_kept_to_be_refused() -> None:
    params = _params(_call('{"command":"a\\ud800b","env_vars":{"A":"\\udc00"}}'))
    assert params["arguments"] == {"command": "a\ud800b", "env_vars": {"A": "\udc00"}}


def test_lone_surrogates_elsewhere_are_replaced() -> None:
    line = b'{"jsonrpc":"2.0","id":"\\ud800","method":"x","params":{"_meta":{"progressToken":"\\udfff"},'
    message = parse(line + b'"arguments":{"\\ud800k":[1]}, "list":["\\ud800"]}}')
    assert isinstance(message, t.JSONRPCRequest)
    assert message.id == "\ufffd"
    assert message.params == {
        "_meta": {"progressToken": "\ufffd"},
        "arguments": {"\ufffdk": [1]},
        "list": ["\ufffd"],
    }


def test_bytes_that_are_no_utf8_are_kept_in_arguments_to_be_refused() -> None:
    line = _call('{"command":"caf#"}').replace(b"#", b"\xe9")
    assert _params(line)["arguments"] == {"command": "caf\udce9"}


def test_a_pair_beside_a_lone_surrogate_stays_a_character() -> None:
    line = b'{"jsonrpc":"2.0","id":"\\ud83d\\ude00\\ud800","method":"ping"}'
    message = parse(line)
    assert isinstance(message, t.JSONRPCRequest)
    assert message.id == "😀\ufffd"


@given(
    st.one_of(st.binary(), st.recursive(st.text(), st.lists).map(lambda v: json.dumps(v).encode()))
)
def test_no_line_raises(line: bytes) -> None:
    parse(line)


class Ends:
    """The client's ends of a pipe."""

    def __init__(self, pipe: Pipe, stdin: int, stdout: int) -> None:
        self.pipe = pipe
        self._stdin: int | None = stdin
        self._stdout: int | None = stdout

    def send(self, data: bytes) -> None:
        assert self._stdin is not None
        os.write(self._stdin, data)

    def lines(self) -> list[bytes]:
        assert self._stdout is not None
        return os.read(self._stdout, 65536).splitlines()

    async def wait_for_lines(self, count: int) -> list[bytes]:
        assert self._stdout is not None
        data = b""
        while data.count(b"\n") < count:
            await anyio.wait_readable(self._stdout)
            data += os.read(self._stdout, 65536)
        return data.splitlines()

    def close_stdin(self) -> None:
        if self._stdin is not None:
            os.close(self._stdin)
            self._stdin = None

    def close_stdout(self) -> None:
        if self._stdout is not None:
            os.close(self._stdout)
            self._stdout = None


@asynccontextmanager
async def piped(traffic: Traffic | None = None) -> AsyncGenerator[Ends, None]:
    server_in, client_out = os.pipe()
    client_in, server_out = os.pipe()
    with os.fdopen(server_in, "rb") as stdin, os.fdopen(server_out, "wb", 0) as stdout:
        pipe = Pipe(stdin, stdout, traffic or Traffic())
        ends = Ends(pipe, client_out, client_in)
        with anyio.fail_after(10):
            async with anyio.create_task_group() as tasks, pipe.reading, pipe.writing:
                tasks.start_soon(pipe.read)
                tasks.start_soon(pipe.write)
                try:
                    yield ends
                finally:  # else the thread that reads would hold up the end of a failed test
                    ends.close_stdin()
                await pipe.ended.wait()
                tasks.cancel_scope.cancel()
        ends.close_stdout()


def answer_to(number: int) -> SessionMessage:
    return SessionMessage(t.JSONRPCResponse(jsonrpc="2.0", id=number, result={}))


async def test_messages_arrive_in_order_and_garbage_is_skipped() -> None:
    async with piped() as ends:
        ends.send(b"garbage\n\n" + PING + PING.replace(b"1,", b"2,"))
        for number in (1, 2):
            item = await ends.pipe.reading.receive()
            assert isinstance(item, SessionMessage)
            assert isinstance(item.message, t.JSONRPCRequest)
            assert item.message.id == number


async def test_a_line_that_is_nested_too_deeply_is_answered_and_the_next_one_is_read() -> None:
    async with piped() as ends:
        ends.send(b"[" * 2000 + b"]" * 2000 + b"\n" + PING)
        await ends.pipe.reading.receive()
        await ends.pipe.writing.send(answer_to(1))
        refused, answered = [json.loads(line) for line in await ends.wait_for_lines(2)]
        assert (refused["jsonrpc"], refused["id"], refused["error"]["code"]) == (
            "2.0",
            None,
            -32700,
        )
        assert "nested" in refused["error"]["message"]
        assert answered["id"] == 1


async def test_the_end_of_stdin_leaves_open_calls_alone() -> None:
    async with piped() as ends:
        ends.send(PING)
        await ends.pipe.reading.receive()
        ends.close_stdin()
        await ends.pipe.ended.wait()
        with pytest.raises(anyio.WouldBlock):
            ends.pipe.reading.receive_nowait()


async def test_a_pipe_is_settled_when_all_but_tool_calls_are_answered() -> None:
    async with piped() as ends:
        await ends.pipe.settle()
        ends.send(PING + _call("{}").replace(b'"id":1', b'"id":2'))
        for _ in range(2):
            await ends.pipe.reading.receive()
        async with anyio.create_task_group() as tasks:
            settled = anyio.Event()

            async def settle() -> None:
                await ends.pipe.settle()
                settled.set()

            tasks.start_soon(settle)
            await anyio.wait_all_tasks_blocked()
            assert not settled.is_set()
            await ends.pipe.writing.send(answer_to(1))
            await settled.wait()
        assert [json.loads(line)["id"] for line in ends.lines()] == [1]


async def test_a_client_that_does_not_read_holds_no_call_up() -> None:
    async with piped() as ends:
        for number in range(5000):
            ends.pipe.writing.send_nowait(answer_to(number))


async def test_a_client_that_does_not_read_any_more_has_ended() -> None:
    async with piped() as ends:
        ends.close_stdout()
        await ends.pipe.writing.send(answer_to(1))
        await ends.pipe.ended.wait()


class Notes:
    """A listener that says when an answer was written."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.was_written = anyio.Event()

    def written(self, request: int | str) -> None:
        self.heard.append(f"written {request}")
        self.was_written.set()

    def failed(self, request: int | str) -> None:
        self.heard.append(f"failed {request}")

    def cancelled(self, request: int | str) -> None:
        self.heard.append(f"cancelled {request}")

    def restarted(self) -> None:
        self.heard.append("restarted")


async def test_what_passes_is_told_in_order() -> None:
    notes, traffic = Notes(), Traffic()
    traffic.tell(notes)
    async with piped(traffic) as ends:
        await ends.pipe.writing.send(answer_to(1))
        await notes.was_written.wait()
        assert [json.loads(line)["id"] for line in ends.lines()] == [1]
        ends.send(
            b'{"jsonrpc":"2.0","id":2,"method":"initialize"}\n'
            b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}\n'
        )
        for _ in range(2):
            await ends.pipe.reading.receive()
        assert notes.heard == ["written 1", "restarted", "cancelled 1"]
