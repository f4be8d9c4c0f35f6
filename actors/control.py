"""The broker's end of one shim's control socket."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any, cast

import anyio
import msgspec

from .job import Job, Outcome

_DYING_SECONDS = 0.1
FALLING_SECONDS = 1.0
"""Within that a zygote that was killed together with its shims is dead as well."""

_READ = 64 * 1024


def _ignore(_pid: int) -> None:
    """Nobody wants to know."""


def overhear() -> None:
    """Nobody wants to know that either."""


class Control(asyncio.Protocol):
    """One shim as its broker sees it.

    ``ready`` is set when the shim waits for a job, ``answered`` when it took one,
    refused it or is gone, ``started`` when the command runs or never will,
    ``on_dead`` is called as soon as nothing of the task lives, ``settled`` is set when ``outcome``
    is there or the shim is gone, and ``dead`` when its process is. ``begun`` tells that it may
    have begun with the job it was briefed for, asked or not, and ``on_begun`` is called when it
    says so. ``on_lost`` is called when it is dead and has told no outcome. Closing the
    connection makes the shim kill its task.
    """

    def __init__(self) -> None:
        self.pid = 0
        self.taken = False
        self.begun = False
        self.on_begun: Callable[[], None] = overhear
        self.on_lost: Callable[[], None] = overhear
        self.briefed: Job | None = None
        self.refused = ""
        self.outcome: Outcome | None = None
        self.ready = anyio.Event()
        self.answered = anyio.Event()
        self.started = anyio.Event()
        self.settled = anyio.Event()
        self.dead = anyio.Event()
        self._on_started: Callable[[int], None] = _ignore
        self._on_dead: Callable[[], None] = overhear
        self._emptied = False
        self._held = 0
        self._transport: asyncio.Transport | None = None
        self._handle = -1
        self._heard: list[bytes] = []
        self._tails: dict[int, asyncio.Future[bytes]] = {}
        self._numbers = itertools.count()

    # ------------------------------------------------------------ what the launcher asks

    def brief(self, job: Job) -> None:
        """Hand over a job whose turn has not come; nothing of it may be seen before."""
        self.briefed = job
        self._send("brief", **msgspec.to_builtins(job))

    def run(self, job: Job, on_started: Callable[[int], None], on_dead: Callable[[], None]) -> None:
        """Have the job done, which is the one that was handed over, if one was."""
        self._on_started = on_started
        self._on_dead = on_dead
        self.on_begun = overhear
        if self._emptied:
            asyncio.get_running_loop().call_soon(on_dead)
        if self.briefed is None:
            self._send("run", **msgspec.to_builtins(job))
        else:
            self._send("run", log_header=job.log_header)
            self.briefed = None  # the environment is not needed any more

    def pass_on(self, operation: str, descriptors: Sequence[int]) -> bool:
        """Hand descriptors over; False: not now."""
        if self._transport is None or self._transport.get_write_buffer_size():
            return False
        line = json.dumps({"op": operation}).encode() + b"\n"
        with self._transport.get_extra_info("socket").dup() as peer:
            try:
                sent = socket.send_fds(peer, [line], descriptors)
            except OSError:
                return False  # it has no room, or is gone, as will be noticed
        self._transport.write(line[sent:])
        return True

    def kill(self, grace: float | None = None) -> None:
        """Have the task killed, with at most ``grace`` seconds between TERM and KILL."""
        self._send("kill", grace=grace)

    def follow(self, stream: str) -> None:
        """Have further output copied to a unix socket."""
        self._send("follow", stream=stream)

    async def tail(self) -> bytes:
        """Return the last of the task's output; of a lost one nothing."""
        if self.settled.is_set():
            return self._last()
        number = next(self._numbers)
        answer = self._tails[number] = asyncio.get_running_loop().create_future()
        self._send("tail", id=number)
        try:
            data: bytes = await answer
        finally:
            self._tails.pop(number, None)
        return data

    def kill_shim(self) -> None:
        """Kill the shim itself, when it does not do what it should, or does nothing at all."""
        if self._handle >= 0 and sys.platform == "linux":
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)
        elif self.pid and self._transport is not None:  # connected: it is still that process
            os.kill(self.pid, signal.SIGKILL)
        self.abort()

    def abort(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()

    def _send(self, operation: str, **fields: object) -> None:
        if self._transport is not None:
            self._transport.write(json.dumps({"op": operation, **fields}).encode() + b"\n")

    # ------------------------------------------------------------ what the loop tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._heard.append(data)
        if b"\n" in data:
            *lines, rest = b"".join(self._heard).split(b"\n")
            self._heard = [rest]
            for line in lines:
                self._note(json.loads(line))

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None and self._transport is not None:
            self._hear_out(self._transport.get_extra_info("socket").fileno())
        self._transport = None
        self.ready.set()
        self.answered.set()
        self._settle()
        if self._handle < 0 and not self.dead.is_set():
            # Nothing tells of its death: it is dying, leave it a moment.
            asyncio.get_running_loop().call_later(_DYING_SECONDS, self._died)

    def _hear_out(self, fd: int) -> None:
        """Take what the shim has said before a write to it failed.

        The loop would throw it away, and a job that was taken, or even has
        ended, would look like one that nobody ever touched.
        """
        try:
            while data := os.read(fd, _READ):
                self.data_received(data)
        except (BlockingIOError, ConnectionResetError):
            return

    def _note(self, message: dict[str, Any]) -> None:
        match message.pop("event"):
            case "ready":
                self._watch(message["pid"])
                self.ready.set()
            case "held":
                self._held = message["pid"]
            case "taken":
                self._held = 0  # what is left of a task is cleared up as a whole
                self.taken = self.begun = True
                self.answered.set()
                self.on_begun()
            case "refused":
                self.refused = message["error"]
                self.answered.set()
            case "started":
                self.started.set()
                self._on_started(message["pid"])
            case "dead":
                self._emptied = True
                self._on_dead()
            case "tail":
                self._answer(message["id"], base64.b64decode(message["data"]))
            case _:
                self.outcome = msgspec.convert(message, Outcome)
                self._settle()

    def _answer(self, number: int, data: bytes) -> None:
        answer = self._tails.get(number)  # None: nobody waits for it any more
        if answer is not None and not answer.done():
            answer.set_result(data)

    def _settle(self) -> None:
        self.started.set()
        self.settled.set()
        for number in list(self._tails):
            self._answer(number, self._last())

    def _last(self) -> bytes:
        return self.outcome.tail if self.outcome is not None else b""

    def _watch(self, pid: int) -> None:
        self.pid = pid
        if sys.platform != "linux":
            return
        try:
            self._handle = os.pidfd_open(pid)
        except OSError:
            # Dead already, or out of descriptors: the end of the connection has to do.
            return
        asyncio.get_running_loop().add_reader(self._handle, self._died)

    def _died(self) -> None:
        if self._handle >= 0:
            asyncio.get_running_loop().remove_reader(self._handle)
            os.close(self._handle)
            self._handle = -1
        if self._transport is not None:
            # A zygote that was stopped as soon as it had forked it has a copy of its socket.
            self._hear_out(self._transport.get_extra_info("socket").fileno())
            self.abort()
        if self.pid and not _reap(self.pid):
            # The zygote reaps its own; if that dies too, this one may fall to us only now.
            asyncio.get_running_loop().call_later(FALLING_SECONDS, _reap, self.pid)
        if self._held:
            _bury(self._held)
        self.dead.set()
        if self.outcome is None:
            self.on_lost()


def _bury(held: int) -> None:
    """Reap what a shim held. The kernel kills it with a shim that was killed, and it falls to us."""
    if sys.platform != "linux":
        return
    try:
        handle = os.pidfd_open(held)
    except OSError:
        return  # its shim has done so

    def died() -> None:
        asyncio.get_running_loop().remove_reader(handle)
        os.close(handle)
        _reap(held)

    asyncio.get_running_loop().add_reader(handle, died)


def _reap(pid: int) -> bool:
    """Reap a process; False: it is not ours."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return False
    return True
