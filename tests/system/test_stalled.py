"""A client that reads nothing while more is due to it than is kept for one peer."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import IO

import anyio
import anyio.to_thread
import msgspec
import pytest

from tests.system.place import Place, within

SCRIPT = Path(__file__).with_name("stalled_script.py")


async def keep_saying(pipe: IO[bytes] | None) -> None:
    """Have the client say a word again and again: it hears more after each."""
    assert pipe is not None
    while True:
        pipe.write(b"\n")
        pipe.flush()
        await anyio.sleep(0.2)


async def line_of(pipe: IO[bytes] | None, seconds: float = 60) -> bytes:
    assert pipe is not None
    with anyio.fail_after(seconds):
        return await anyio.to_thread.run_sync(pipe.readline, abandon_on_cancel=True)


@pytest.mark.parametrize(
    ("number", "speaks"), [(240, True), pytest.param(500, False, marks=pytest.mark.soak)]
)
@within(120)
async def test_each_call_of_a_client_that_missed_its_answers_is_answered_when_it_goes_on(
    place: Place, number: int, *, speaks: bool
) -> None:
    gate, last, reached = place.fifo("gate"), place.fifo("last"), place.fifo("reached")
    short = [f": {each}" for each in range(number)]
    commands = (f"read _ <{gate}", *short, f"echo here >{reached}; read _ <{last}")
    slow = place.start(sys.executable, str(SCRIPT), str(place.state), *commands)
    assert await line_of(slow.stdout) == b"accepted\n"
    os.kill(slow.pid, signal.SIGSTOP)
    gate.open()  # from here on each task that ends is news for every one behind it
    await reached.line()
    os.kill(slow.pid, signal.SIGCONT)
    last.open()
    async with anyio.create_task_group() as tasks:
        if speaks:  # else its heartbeats are all it says
            tasks.start_soon(keep_saying, slow.stdin)
        told = msgspec.json.decode(await line_of(slow.stdout))
        tasks.cancel_scope.cancel()
        assert told["ended"] == {"success": len(commands)}
    assert "a peer reads nothing" in place.broker_log()
