"""The shim: one process per running task, which does not outlive its task.

It reads newline-delimited JSON from its control socket, ``brief run kill tail follow
precede succeed``, and answers ``ready held taken started tail dead ended``. Briefed, it
has all that it needs for a job whose turn has not come. ``taken`` comes when the job has a
running record, which keeps every other shim from it, or before anything of it is done: a
shim that died without it may be replaced. ``dead`` comes as soon as nothing of the task
lives, ``ended`` when all of it is written. The socket is also its lifeline: at its end the broker is dead, and nothing of the task may survive,
unless it was told that the task outlives the broker. Then it goes on alone:

    spare --brief--> briefed (may begin by itself, see ``shim_relay``)
      |                 |
      +-------run-------+
      v
    attached --lifeline lost--> alone --SIGTERM, time limit--> ending
      |                           |                              |
      +-- kill, lifeline lost ----|-----> ending                 v
      +-- shell exits ------------+---------------------> exit record, end

Alone it keeps the time limit, log and records as before, and takes SIGTERM for
the order to kill the task with its grace. The next broker finds it by its running
record and its end by its exit record, see ``adoption``.

Standard library only: this module runs in a process of its own, see ``shim_zygote``.
"""

from __future__ import annotations

import base64
import json
import os
import select
import selectors
import signal
import socket
import time
from collections.abc import Callable, Generator
from typing import Any, cast

from . import shim_pages, shim_relay, shim_streams, shim_task, shim_tree
from .shim_child import JobFields

_LIFELINE_GRACE = 0.5
"""Seconds between TERM and KILL when the broker died: nothing may survive it by 2 s."""

_LINGER = 1.0
"""Seconds that are left for the streams when the broker ends after the task."""

_QUIET_SECONDS = 0.01
"""Where turns are shorter than that, making pages one's own costs more than it spares."""

_RECEIVE = 64 * 1024
_MOST_PASSED = 8
"""Descriptors at a time; the broker passes two at most with each order."""

_DONE = object()
_NEVER = float("inf")

_AFTER_YOU_SECONDS = 0.001
"""Who begins with this death tells the broker of it; what there is to do here would hold it up."""

_REST_SECONDS = 0.003
"""Before its end: giving back its memory takes a while, and the next command is starting."""


class Shim:
    """Serves one control socket through one job. ``now`` gives monotonic seconds."""

    def __init__(self, control: socket.socket, now: Callable[[], float]) -> None:
        self._control = control
        self._now = now
        self._lifeline = select.poll()
        self._lifeline.register(control, 0)
        self._heard: list[bytes] = []
        self._selector = selectors.DefaultSelector()
        self._streams = shim_streams.Streams(self._selector)
        self._relay = shim_relay.Relay(self._selector, self._begin_briefed)
        self._passed: list[int] = []
        self._briefed: shim_task.Task | None = None
        self._task: shim_task.Task | None = None
        self._broker = True
        self._termed = False
        self._selector.register(control, selectors.EVENT_READ, self._on_control)
        self._selector.register(_wakeups(), selectors.EVENT_READ, self._on_child)
        signal.signal(signal.SIGTERM, self._on_term)

    def serve(self) -> None:
        """Run one job and report it, then send the streams what is left for them."""
        self._say("ready", pid=os.getpid())
        self._prepare()
        while not self._finished:
            self._wait(self._task.due if self._task else _NEVER)
            self._heed_term()
            if self._task is not None:
                self._task.advance()
        if self._task is None and self._briefed is not None:
            self._briefed.dismiss()
        self._linger()

    def _prepare(self) -> None:
        """Use the time until there is a job to do, unless that comes soon."""
        prepared: object = _DONE
        while self._idle:
            if prepared is self._briefed:
                self._wait(_NEVER)
            else:
                prepared = self._get_ready()

    def _get_ready(self) -> shim_task.Task | None:
        """Do what can be done beforehand, and tell for whom."""
        quiet = self._now() + _QUIET_SECONDS
        while self._idle and self._now() < quiet:
            self._wait(quiet)
        briefed = self._briefed
        steps = _preparations(briefed)
        while self._idle and next(steps, _DONE) is not _DONE:
            self._wait(self._now())
        return briefed

    @property
    def _idle(self) -> bool:
        return self._task is None and self._broker

    @property
    def _finished(self) -> bool:
        return self._task.over if self._task is not None else not self._broker

    def _linger(self) -> None:
        until = _NEVER
        while self._streams.pending and self._now() < until:
            self._wait(until)
            if not self._broker:
                until = min(until, self._now() + _LINGER)
        self._streams.close()
        if self._broker:
            time.sleep(_REST_SECONDS)

    def _wait(self, until: float) -> None:
        timeout = None if until == _NEVER else max(0.0, until - self._now())
        for key, _ in self._selector.select(timeout):
            if isinstance(key.data, shim_streams.Stream):
                self._streams.flush(key.data)
                self._rebalance()
            elif key.fileobj in self._selector.get_map():
                key.data(key.fd)

    def _rebalance(self) -> None:
        if self._task is not None:
            self._task.balance()

    # ------------------------------------------------------------ what happens

    def _on_child(self, fd: int) -> None:
        os.read(fd, 4096)
        if self._task is not None:
            self._task.reap()

    def _on_term(self, _number: int, _frame: object) -> None:
        self._termed = True

    def _heed_term(self) -> None:
        """Obey whoever adopted the task; while the broker lives it has other means."""
        if self._termed and self._task is not None and (not self._broker or self._cut_off()):
            self._task.end("killed")
        self._termed = False

    def _on_control(self, _fd: int) -> None:
        data = self._receive()
        self._heard.append(data)
        if not data:
            self._lose_broker()
        elif b"\n" in data:
            *lines, rest = b"".join(self._heard).split(b"\n")
            self._heard = [rest]
            for line in lines:
                self._obey(json.loads(line))

    def _receive(self) -> bytes:
        try:
            data, descriptors, _, _ = socket.recv_fds(self._control, _RECEIVE, _MOST_PASSED)
        except ConnectionResetError:
            return b""
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
        self._passed += descriptors
        return data

    def _lose_broker(self) -> None:
        self._broker = False
        self._selector.unregister(self._control)
        if self._task is None:
            return
        self._task.open()
        if not self._task.goes_on_alone:
            self._task.end("broker_lost", grace=_LIFELINE_GRACE)

    def _cut_off(self) -> bool:
        """Tell whether the broker is dead, whatever it has said before."""
        return bool(self._lifeline.poll(0))

    # ------------------------------------------------------------ orders

    def _obey(self, message: dict[str, Any]) -> None:
        operation = message.pop("op")
        if operation == "brief":
            self._briefed = self._prepared(cast(JobFields, message))
        elif operation == "run":
            self._run(message)
        elif operation == "precede":
            self._relay.precede(self._passed.pop(0))
        elif operation == "succeed":
            self._relay.succeed(self._passed.pop(0), self._passed.pop(0))
        elif self._task is not None and not self._task.over:
            self._obey_about(self._task, operation, message)

    def _obey_about(self, task: shim_task.Task, operation: str, message: dict[str, Any]) -> None:
        if operation == "kill":
            self._relay.keep()
            task.end("killed", grace=message.get("grace"))
        elif operation == "follow":
            self._streams.follow(message["stream"], task.report.log_size)
        elif operation == "tail":
            task.catch_up()
            tail = base64.b64encode(task.report.tail).decode()
            self._say("tail", id=message["id"], data=tail)

    def _run(self, message: dict[str, Any]) -> None:
        if self._task is None:
            self._begin(self._briefed or self._prepared(cast(JobFields, message)))
        if self._task is not None:
            self._task.open(message["log_header"])

    def _begin_briefed(self) -> None:
        if self._task is None and self._briefed is not None:
            self._begin(self._briefed)

    def _begin(self, task: shim_task.Task) -> None:
        if not self._cut_off():
            self._task = task
            task.start()
        self._relay.leave()

    def _emptied(self) -> None:
        """Nothing of the task lives: whose turn is next hears it first, then the broker.

        Not if that is dead: its end comes to one shim after the other, and who began
        with this death would be killed by it.
        """
        if not self._cut_off() and self._relay.announce():
            time.sleep(_AFTER_YOU_SECONDS)
        self._say("dead")

    def _prepared(self, job: JobFields) -> shim_task.Task:
        return shim_task.Task(
            job, self._selector, self._streams, self._say, self._now, self._cut_off, self._emptied
        )

    def _say(self, event: str, **fields: object) -> None:
        line = json.dumps({"event": event, **fields}).encode() + b"\n"
        try:
            self._control.sendall(line)
        except (BrokenPipeError, ConnectionResetError):
            # The end of the lifeline is noticed where it is read.
            return


def main(control: int) -> None:
    """Be the shim at the other end of ``control``, a descriptor, and return when it is done."""
    shim_tree.become_subreaper()
    Shim(socket.socket(fileno=control), time.monotonic).serve()


def _preparations(briefed: shim_task.Task | None) -> Generator[None, None, None]:
    if briefed is not None:
        briefed.hold()
        yield
    # After the fork: it has made the pages common again.
    yield from shim_pages.unshare()


def _wakeups() -> int:
    # A handler, even an idle one, is what makes Python write to the wake-up pipe.
    readable, writable = os.pipe()
    for fd in (readable, writable):
        os.set_blocking(fd, False)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    return readable
