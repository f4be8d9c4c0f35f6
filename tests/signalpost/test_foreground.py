from __future__ import annotations

import contextlib
import io
import os
import signal
import socket
from collections.abc import AsyncGenerator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, cast

import anyio
import anyio.to_thread
import pytest
from anyio.abc import TaskGroup

from signalpost.foreground import Foreground
from signalpost.order import Order
from signalpost.output_stream import OutputStream
from signalpost.status_line import StatusLine
from signalpost.transport.client import Client
from signalpost.transport.errors import BadRequest, InternalFault, StoreFull
from signalpost.transport.messages import TaskProgress, TaskReport

Reports = Callable[..., TaskReport]
ORDER = Order("make all", "/work", "gradle", 60.0, {"CI": "1"})


class StandIn:
    """A client whose task is played by the test: progress, output, end."""

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}
        self.open = anyio.Event()
        self.end = anyio.Event()
        self.report: TaskReport | None = None
        self.refusal: Exception | None = None
        self.cancelled: list[int] = []
        self.given_up = False
        self.deaf = False

    async def run_task(
        self, command: str, working_directory: str, queue_name: str, **options: object
    ) -> TaskReport:
        self.asked = options
        self.open.set()
        if self.refusal is not None:
            raise self.refusal
        try:
            await self.end.wait()
        except anyio.get_cancelled_exc_class():
            self.given_up = True
            raise
        if self.refusal is not None:
            raise self.refusal
        assert self.report is not None
        return self.report

    async def cancel_task(self, task_id: int) -> None:
        if self.deaf:
            raise InternalFault("not now")
        self.cancelled.append(task_id)
        self.end.set()

    def tell(self, report: TaskReport) -> None:
        self.asked["progress"](TaskProgress(report=report))


@pytest.fixture
async def client() -> StandIn:
    return StandIn()


@pytest.fixture
def stream(folder: Path) -> Iterator[OutputStream]:
    with contextlib.closing(OutputStream(folder)) as opened:
        yield opened


@pytest.fixture
def terminal() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
async def foreground(client: StandIn, stream: OutputStream, terminal: io.StringIO) -> Foreground:
    status = StatusLine(terminal, enabled=True)
    return Foreground(ORDER, cast("Client", client), stream, status)


def shim(client: StandIn) -> socket.socket:
    """Connect as the shim does when the command starts."""
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    peer.connect(client.asked["stream"])
    return peer


@contextlib.asynccontextmanager
async def under_way(client: StandIn, foreground: Foreground) -> AsyncGenerator[TaskGroup]:
    """Run the task in the foreground: begin once it is asked for, and wait for its end."""
    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(foreground.run)
            await client.open.wait()
            yield group


def read(fd: int, count: int) -> bytes:
    with open(fd, "rb", closefd=False) as file:
        return file.read(count)


def framed(tag: bytes, data: bytes) -> bytes:
    return tag + len(data).to_bytes(4, "big") + data


async def test_output_comes_byte_by_byte_on_both_streams(
    client: StandIn,
    foreground: Foreground,
    report: Reports,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    client.report = report()
    async with under_way(client, foreground):
        with shim(client) as peer:
            peer.sendall(framed(b"1", b"out\0\xff") + framed(b"2", b"err\r\n"))
            # the report may come before the last of the output
            client.end.set()
            await anyio.wait_all_tasks_blocked()
            peer.sendall(framed(b"1", b"late"))
    captured = capfdbinary.readouterr()
    assert captured.out == b"out\0\xfflate"
    assert captured.err == b"err\r\n"
    assert foreground.cut_off_code is None


async def test_a_slow_reader_gets_everything_however_long_it_takes(
    client: StandIn, foreground: Foreground, report: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signalpost.foreground._LAST_OUTPUT", 0.0)
    reader, writer = os.pipe()
    monkeypatch.setattr("signalpost.foreground._DESCRIPTORS", {b"1": writer})
    data = os.urandom(500_000)
    client.report = report()
    async with under_way(client, foreground) as group:
        with shim(client) as peer:
            client.end.set()
            await anyio.wait_all_tasks_blocked()
            send = partial(peer.sendall, framed(b"1", data))
            group.start_soon(anyio.to_thread.run_sync, send)
            assert await anyio.to_thread.run_sync(read, reader, len(data)) == data
    os.close(reader)
    os.close(writer)


async def test_the_first_output_ends_the_status_line(
    client: StandIn, foreground: Foreground, report: Reports, terminal: io.StringIO
) -> None:
    client.report = report()
    async with under_way(client, foreground):
        client.tell(report(state="waiting", position=1))
        with shim(client) as peer:
            peer.sendall(framed(b"1", b"x"))
        client.end.set()
    assert terminal.getvalue().endswith("\r\x1b[K")


async def test_the_order_is_what_is_asked(
    client: StandIn, foreground: Foreground, report: Reports
) -> None:
    client.report = report()
    client.end.set()
    with anyio.fail_after(5):
        assert await foreground.run() == report()
    assert client.asked["timeout_seconds"] == 60.0
    assert client.asked["env_vars"] == {"CI": "1"}


async def test_a_refusal_is_raised_as_it_is(client: StandIn, foreground: Foreground) -> None:
    client.refusal = BadRequest("no such folder")
    with anyio.fail_after(5), pytest.raises(BadRequest, match="no such folder"):
        await foreground.run()


async def test_the_status_line_is_there_while_the_task_waits(
    client: StandIn, foreground: Foreground, report: Reports, terminal: io.StringIO
) -> None:
    client.report = report()
    async with under_way(client, foreground):
        client.tell(report(state="waiting", position=2, waited_seconds=45.0))
        shown = terminal.getvalue()
        assert "position 2 in queue global" in shown
        assert "waited 45s" in shown
        client.tell(report(state="running"))
        assert terminal.getvalue() == shown + "\r\x1b[K"
        client.end.set()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
async def test_a_signal_cancels_the_task_and_waits_for_its_end(
    client: StandIn,
    foreground: Foreground,
    report: Reports,
    number: signal.Signals,
    code: int,
    capfd: pytest.CaptureFixture[str],
) -> None:
    client.report = report(state="cancelled")
    async with under_way(client, foreground):
        client.tell(report(state="running"))
        os.kill(os.getpid(), number)
    assert foreground.cut_off_code == code
    assert client.cancelled == [8]
    assert not client.given_up
    assert "until all its processes are dead" in capfd.readouterr().err


async def test_a_signal_before_the_task_was_accepted_cancels_it_once_it_is(
    client: StandIn, foreground: Foreground, report: Reports
) -> None:
    client.report = report(state="cancelled")
    async with under_way(client, foreground):
        os.kill(os.getpid(), signal.SIGINT)
        await anyio.wait_all_tasks_blocked()
        assert foreground.cut_off_code == 130
        assert not client.given_up
        client.tell(report(state="running"))
    assert client.cancelled == [8]


async def test_a_signal_before_a_refusal_ends_with_the_refusal(
    client: StandIn, foreground: Foreground
) -> None:
    with pytest.raises(ExceptionGroup) as raised:
        async with under_way(client, foreground):
            os.kill(os.getpid(), signal.SIGINT)
            await anyio.wait_all_tasks_blocked()
            client.refusal = StoreFull("the disk is full")
            client.end.set()
    assert raised.group_contains(StoreFull, match="the disk is full")
    assert client.cancelled == []


async def test_a_cancel_that_fails_is_said_and_the_end_is_waited_for(
    client: StandIn, foreground: Foreground, report: Reports, capfd: pytest.CaptureFixture[str]
) -> None:
    client.report = report()
    client.deaf = True
    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(foreground.run)
            await client.open.wait()
            client.tell(report(state="running"))
            os.kill(os.getpid(), signal.SIGINT)
            await anyio.wait_all_tasks_blocked()
            client.end.set()
    assert foreground.cut_off_code == 130
    assert "task 8 could not be cancelled: not now" in capfd.readouterr().err


async def test_a_reader_that_goes_away_cancels_the_task(
    client: StandIn, foreground: Foreground, report: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    monkeypatch.setattr("signalpost.foreground._DESCRIPTORS", {b"1": writer})
    client.report = report(state="cancelled")
    async with under_way(client, foreground):
        client.tell(report(state="running"))
        with shim(client) as peer:
            peer.sendall(framed(b"1", b"x"))
    os.close(writer)
    assert foreground.cut_off_code == 141
    assert client.cancelled == [8]
