from __future__ import annotations

import os
import subprocess
import sys

import anyio

from signalpost.actors.agent import Agent
from signalpost.actors.survivors import Survivors, client_of
from signalpost.transport.process import start_time
from tests.actors.stand_in_runner import PATIENCE


def somebody() -> subprocess.Popen[bytes]:
    return subprocess.Popen((sys.executable, "-c", "input()"), stdin=subprocess.PIPE)


def spoken_for(number: int, pid: int) -> Agent:
    return Agent(number, f"agent{number}", pid=pid, pid_started=start_time(pid))


async def test_only_the_very_process_that_spoke_for_an_agent_is_awaited() -> None:
    me = os.getpid()
    living, left, other = spoken_for(2, me), Agent(3, "left"), spoken_for(4, me)
    other.pid_started += 1
    unseen = Agent(5, "unseen", pid=2**22 + 1)
    survivors = Survivors(list[int]().append)
    survivors.await_them([living, left, other, unseen])
    assert [agent.awaited is not None for agent in (living, left, other, unseen)] == [
        True,
        False,
        False,
        False,
    ]
    assert living.awaited is not None
    assert living.awaited.client_process == client_of(me)
    survivors.close()


async def test_its_end_is_told_unless_its_agent_is_spoken_for_by_then() -> None:
    ended = anyio.Event()
    died: list[int] = []

    def note(agent_id: int) -> None:
        died.append(agent_id)
        ended.set()

    survivors = Survivors(note)
    with somebody() as process:
        survivors.await_them([spoken_for(2, process.pid), spoken_for(3, process.pid)])
        survivors.forget(2)
        process.kill()
        with anyio.fail_after(PATIENCE):
            await ended.wait()
    assert died == [3]
    survivors.close()
