from __future__ import annotations

import asyncio
import ctypes
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from anyio import fail_after

from signalpost.actors.control import Control
from signalpost.actors.launcher import become_subreaper
from tests.actors.jobs import job_in
from tests.actors.processes import alive, own_children
from tests.actors.stand_ins import rounds

_ZYGOTE = """
import os, time
if (shim := os.fork()) == 0:
    os._exit(0)
os.waitid(os.P_PID, shim, os.WEXITED | os.WNOWAIT)
print(shim, flush=True)
time.sleep(60)
"""
"""Has a child that is dead, and does not reap it."""


@pytest.fixture
def zygote() -> Generator[subprocess.Popen[bytes]]:
    become_subreaper()
    words = [sys.executable, "-c", _ZYGOTE]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as started:
        yield started
        started.kill()
    ctypes.CDLL(None).prctl(36, 0, 0, 0, 0)


@dataclass
class Line:
    """A control, and the shim's end of its socket."""

    control: Control
    shim: socket.socket

    def say(self, event: str, **fields: object) -> None:
        self.shim.sendall(json.dumps({"event": event, **fields}).encode() + b"\n")


@pytest.fixture
async def line() -> AsyncGenerator[Line, None]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    loop = asyncio.get_running_loop()
    _, control = await loop.create_unix_connection(Control, sock=ours)
    with theirs:
        yield Line(control, theirs)
    control.abort()
    with fail_after(5):
        await control.dead.wait()


async def test_the_last_words_of_a_shim_are_heard_though_it_hears_no_more(line: Line) -> None:
    line.say("taken")
    line.say("started", pid=1)
    line.say("ended", reason="exit", exit_code=3)
    line.shim.close()
    line.control.kill()  # fails before the loop has read anything
    with fail_after(5):
        await line.control.settled.wait()
    assert line.control.taken
    assert line.control.outcome is not None
    assert line.control.outcome.exit_code == 3


async def test_a_shim_that_is_gone_without_a_word_has_not_taken_its_job(line: Line) -> None:
    line.shim.close()
    line.control.kill()
    with fail_after(5):
        await line.control.settled.wait()
    assert not line.control.taken
    assert line.control.outcome is None


async def test_a_tail_that_is_asked_for_at_the_end_is_that_of_the_outcome(line: Line) -> None:
    line.say("taken")
    line.say("ended", reason="exit", exit_code=0, tail="b2s=")
    line.shim.close()
    with fail_after(5):
        assert await line.control.tail() == b"ok"


def dead_child() -> int:
    """Return the pid of a process of ours that is dead and not reaped."""
    pid = os.posix_spawn("/bin/true", ["true"], {})
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    return pid


async def test_what_a_killed_shim_held_is_reaped(line: Line) -> None:
    held = dead_child()
    line.say("held", pid=held)
    line.shim.close()
    with fail_after(5):
        await line.control.dead.wait()
    await rounds()
    assert not alive(held)


@pytest.mark.skipif(sys.platform != "linux", reason="only the end of the line tells elsewhere")
@pytest.mark.parametrize("said", [True, False])
async def test_a_dead_shim_has_ended_though_another_process_has_its_end_of_the_line(
    line: Line, said: bool
) -> None:
    line.say("ready", pid=dead_child())
    with fail_after(5):
        await line.control.ready.wait()
        if said:
            line.say("ended", reason="exit", exit_code=3)
        await line.control.settled.wait()
    assert (line.control.outcome is not None) == said


async def test_a_death_that_was_told_before_the_broker_asked_is_not_missed(line: Line) -> None:
    told: list[str] = []
    line.control.on_begun = lambda: told.append("begun")
    line.say("taken")
    line.say("dead")
    await rounds()
    assert (told, line.control.begun) == (["begun"], True)
    job = job_in(Path("/tmp"), "true")
    line.control.run(job, lambda _: None, lambda: told.append("dead"))
    await rounds()
    assert told == ["begun", "dead"]


@pytest.mark.skipif(sys.platform != "linux", reason="nobody falls to the broker elsewhere")
async def test_a_shim_that_dies_just_before_its_zygote_is_reaped(
    line: Line, zygote: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    later: list[Callable[[], object]] = []
    loop = asyncio.get_running_loop()

    def postpone(_seconds: float, do: Callable[[int], object], pid: int) -> None:
        later.append(partial(do, pid))

    monkeypatch.setattr(loop, "call_later", postpone)
    assert zygote.stdout is not None
    shim = int(zygote.stdout.readline())
    line.say("ready", pid=shim)
    with fail_after(5):
        await line.control.dead.wait()
    assert shim not in own_children()
    zygote.kill()
    zygote.wait()
    assert shim in own_children()
    later.pop()()
    assert shim not in own_children()
