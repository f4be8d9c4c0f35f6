"""Progress goes past the SDK, and comes whole and in its place all the same."""

from __future__ import annotations

import io
import json
import os
import socket

import anyio

from signalpost.mcp_bridge.stdio import Pipe
from signalpost.mcp_bridge.traffic import Traffic
from tests.mcp_bridge.test_stdio import answer_to, piped


async def lines_of(client: socket.socket, count: int) -> list[bytes]:
    data = b""
    while data.count(b"\n") < count:
        await anyio.wait_readable(client)
        data += client.recv(65536)
    return data.splitlines()


async def test_progress_is_written_at_once_when_nothing_is_under_way() -> None:
    async with piped() as ends:
        await anyio.wait_all_tasks_blocked()
        ends.pipe.notify("t", 1, "\u2026 7 s")
        assert [json.loads(line) for line in ends.lines()] == [
            {
                "jsonrpc": "2.0",
                "method": "notifications/progress",
                "params": {"progressToken": "t", "progress": 1, "message": "\u2026 7 s"},
            }
        ]


async def test_progress_comes_behind_what_is_under_way_and_before_what_follows() -> None:
    async with piped() as ends:
        pipe, long = ends.pipe, "x" * 300_000
        pipe.writing.send_nowait(answer_to(1))
        pipe.notify(7, 1, long)
        pipe.notify(7, 2, "next")
        pipe.writing.send_nowait(answer_to(2))
        told = [json.loads(line) for line in await ends.wait_for_lines(4)]
        assert [m.get("id") or m["params"]["progress"] for m in told] == [1, 1, 2, 2]
        assert told[1]["params"]["message"] == long


async def test_progress_of_which_a_part_was_taken_comes_whole() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, os.fdopen(os.dup(theirs.fileno()), "wb", 0) as stdout:
        pipe = Pipe(io.BytesIO(), stdout, Traffic())
        async with anyio.create_task_group() as tasks, pipe.reading, pipe.writing:
            tasks.start_soon(pipe.read)
            tasks.start_soon(pipe.write)
            await anyio.wait_all_tasks_blocked()
            for step in (1, 2):
                pipe.notify("t", step, "x" * 1_000_000)
            told = await lines_of(ours, 2)
            assert [json.loads(line)["params"]["progress"] for line in told] == [1, 2]
            tasks.cancel_scope.cancel()


async def test_progress_for_a_client_that_does_not_read_any_more_ends_the_pipe() -> None:
    async with piped() as ends:
        await anyio.wait_all_tasks_blocked()
        ends.close_stdout()
        ends.pipe.notify("t", 1, "news")
        await ends.pipe.ended.wait()
        ends.pipe.notify("t", 2, "more news")


async def test_progress_after_the_end_goes_nowhere() -> None:
    async with piped() as ends:
        pipe = ends.pipe
    pipe.notify("t", 1, "news")
