"""The pipe to the MCP client: one JSON-RPC message per line on stdin and stdout.

Both ends are moved to private descriptors first: whatever a library prints,
or a child process reads, can then not touch the protocol. Reading and writing
block in threads that may be left behind, so that a client which stops reading
cannot keep the bridge from its end.
"""

from __future__ import annotations

import fcntl
import json
import logging
import math
import os
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO, TypeVar, cast

import anyio
import anyio.to_thread
import mcp.types as t
from mcp.shared.message import SessionMessage
from pydantic import ValidationError

from .eras import Reading, Writing
from .outlet import Outlet
from .progress import Token
from .traffic import Traffic

logger = logging.getLogger(__name__)

T = TypeVar("T")


def claim_stdio() -> tuple[BinaryIO, BinaryIO]:
    """Return private files for stdin and stdout; 0 now reads nothing, 1 writes to stderr."""
    private_in = fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, 3)
    private_out = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, 3)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    # A thread may still wait in read when everything else is over: never close under it.
    return os.fdopen(private_in, "rb", closefd=False), os.fdopen(private_out, "wb", closefd=False)


class Pipe:
    """Lines in and out as messages, shown to ``traffic``.

    ``ended`` is set when the client is gone.
    """

    def __init__(self, stdin: BinaryIO, stdout: BinaryIO, traffic: Traffic) -> None:
        self.ended = anyio.Event()
        self.reading: Reading
        self.writing: Writing
        self._stdin = stdin
        self._outlet = Outlet(stdout.fileno())
        self._traffic = traffic
        self._received, self.reading = anyio.create_memory_object_stream[
            SessionMessage | Exception
        ]()
        # Without a bound: a client that does not read must not block the end of its calls.
        to_send, self._to_send = anyio.create_memory_object_stream[SessionMessage | bytes](math.inf)
        self.writing = to_send
        self._lines = to_send
        self._owed: set[str | int] = set()
        self._settled = anyio.Event()

    async def read(self) -> None:
        """Pass on every message; set ``ended`` when the client closes its end, and stay.

        Leaving would close the stream and so cancel the open calls; the broker
        is to hear bye before.
        """
        async with self._received:
            while line := await _in_thread(self._stdin.readline):
                await self._pass_on(line)
            self.ended.set()
            await anyio.sleep_forever()

    async def write(self) -> None:
        """Write every message until the stream or the client ends."""
        try:
            async with self._to_send:
                async for item in self._to_send:
                    await self._write(item)
        except OSError as error:
            self._lose(error)

    def notify(self, token: Token, step: int, text: str) -> None:
        """Tell the progress of a call: at once where nothing is under way, else behind it.

        Not by way of the SDK: that takes three rounds of the loop, and a hundred
        agents that wait are told every 15 seconds.
        """
        params = {"progressToken": token, "progress": step, "message": text}
        note = {"jsonrpc": "2.0", "method": "notifications/progress", "params": params}
        rest = json.dumps(note, separators=(",", ":")).encode() + b"\n"
        try:
            if self._to_send.statistics().tasks_waiting_receive:
                rest = self._outlet.begin(rest)
        except OSError as error:
            self._lose(error)
            return
        if rest:
            with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):  # as below
                self._lines.send_nowait(rest)

    async def _write(self, item: SessionMessage | bytes) -> None:
        if isinstance(item, bytes):
            await self._outlet.write(item)
            return
        line = item.message.model_dump_json(by_alias=True, exclude_unset=True)
        await self._outlet.write(line.encode() + b"\n")
        self._note_answer(item.message)
        self._traffic.went(item.message)

    def _lose(self, error: OSError) -> None:
        logger.info("the client does not read any more: %s", error)
        self.ended.set()

    async def settle(self) -> None:
        """Wait until every request but tool calls is answered; the caller bounds the time.

        For those who pipe requests in and close at once, as health checks do.
        """
        while self._owed:
            self._settled = anyio.Event()
            await self._settled.wait()

    async def _pass_on(self, line: bytes) -> None:
        try:
            message = parse(line)
        except RecursionError:
            await self._refuse(line)
            return
        if message is None:
            if line.strip():
                logger.warning("dropped a line of %d bytes: no JSON-RPC message", len(line))
            return
        if isinstance(message, t.JSONRPCRequest) and message.method != "tools/call":
            self._owed.add(message.id)
        self._traffic.came(message)
        await self._received.send(SessionMessage(message))

    async def _refuse(self, line: bytes) -> None:
        """Answer a line that is too deep to read; its id is in it and cannot be known."""
        logger.warning("refused a line of %d bytes: it is nested too deeply", len(line))
        error = t.ErrorData(
            code=t.PARSE_ERROR,
            message="The JSON is nested too deeply to be read. Send it as text, or flatter.",
        )
        refusal = t.JSONRPCError(jsonrpc="2.0", id=None, error=error)
        with suppress(
            anyio.BrokenResourceError, anyio.ClosedResourceError
        ):  # it has gone meanwhile
            await self.writing.send(SessionMessage(refusal))

    def _note_answer(self, message: t.JSONRPCMessage) -> None:
        if isinstance(message, t.JSONRPCResponse | t.JSONRPCError) and message.id is not None:
            self._owed.discard(message.id)
            if not self._owed:
                self._settled.set()


def parse(line: bytes) -> t.JSONRPCMessage | None:
    """Return the message in a line, None when it is none.

    The SDK drops a line with a lone surrogate, and the caller would wait for
    an answer for ever. Here they become U+FFFD, but in the arguments of a tool
    call: those must be refused, not changed.

    :raises RecursionError: it is nested too deeply to be read
    """
    try:
        return t.jsonrpc_message_adapter.validate_json(line, by_name=False)
    except ValidationError:
        pass
    try:
        given = json.loads(line.decode("utf-8", "surrogateescape"), parse_int=_integer)
        message = _clean(given)
        _arguments(message).update({_clean_text(k): v for k, v in _arguments(given).items()})
        return t.jsonrpc_message_adapter.validate_python(message, by_name=False)
    except ValueError:
        return None


def _integer(digits: str) -> int | float:
    """Return a number; one with more digits than Python reads as an infinite one, to be refused."""
    try:
        return int(digits)
    except ValueError:
        return float(digits)


def _clean(value: object) -> object:
    """Replace lone surrogates in every text, keys included."""
    if isinstance(value, str):
        return _clean_text(value)
    if isinstance(value, list):
        return [_clean(item) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        return {_clean_text(k): _clean(v) for k, v in cast("dict[str, object]", value).items()}
    return value


def _clean_text(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _arguments(message: object) -> dict[str, object]:
    """Return params.arguments of a message, empty when there are none."""
    found = message
    for name in ("params", "arguments"):
        found = cast("dict[str, object]", found).get(name) if isinstance(found, dict) else None
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}


async def _in_thread(work: Callable[[], T]) -> T:
    return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
