"""How soon a client knows that its line has failed. Case 27, on virtual time."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio

from signalpost.actors.settings import Settings
from signalpost.transport.client import Client, Identity
from signalpost.transport.session import HEARTBEAT_SECONDS, SILENCE_SECONDS
from tests.simulation.failpoints import Failpoints
from tests.simulation.loop import simulate
from tests.simulation.machine import Machine, SimulatedReach
from tests.simulation.network import Line
from tests.simulation.task_parts import CALLER

SLACK_SECONDS = 1.0
"""For the way there and back, and a broker's start."""
Play = Callable[[Client, SimulatedReach], Awaitable[None]]


def seconds(folder: Path, play: Play) -> float:
    """Return how long a client took over something."""

    async def main() -> None:
        chance = random.Random(1)
        async with anyio.create_task_group() as tasks:
            machine = Machine(chance, folder, Settings(), tasks, os.getuid(), Failpoints())
            machine.network.calm = machine.disk.calm = True
            reach = SimulatedReach(machine, machine.fork())
            client = Client(Identity(agent="ann"), data_dir=folder, reach=reach)
            tasks.start_soon(client.run)
            began = anyio.current_time()
            await play(client, reach)
            took = anyio.current_time() - began
            found.append(took)
            tasks.cancel_scope.cancel()

    found: list[float] = []
    simulate(random.Random(1), main)
    return found[0]


def line_of(reach: SimulatedReach) -> Line:
    assert reach.line is not None
    return reach.line


def test_a_line_that_breaks_is_joined_again_at_the_next_beat(tmp_path: Path) -> None:
    async def play(client: Client, reach: SimulatedReach) -> None:
        await client.ping()
        asyncio.get_running_loop().call_soon(line_of(reach).cut)  # when that is under way:
        await client.agents()

    assert seconds(tmp_path, play) < HEARTBEAT_SECONDS + SLACK_SECONDS


def test_a_hello_that_is_lost_on_its_way_is_said_again_at_the_next_beat(tmp_path: Path) -> None:
    async def play(client: Client, reach: SimulatedReach) -> None:
        reach.on_connect = lambda line: asyncio.get_running_loop().call_soon(line.cut)
        await client.agents()

    assert seconds(tmp_path, play) < HEARTBEAT_SECONDS + SLACK_SECONDS


def test_a_hello_that_was_said_again_is_enough(tmp_path: Path) -> None:
    async def play(client: Client, reach: SimulatedReach) -> None:
        reach.on_connect = lambda line: asyncio.get_running_loop().call_soon(line.cut)
        await client.agents()
        line = line_of(reach)
        await anyio.sleep(SILENCE_SECONDS)
        await client.agents()
        assert reach.line is line

    seconds(tmp_path, play)


def test_a_line_that_carries_nothing_is_given_up_after_the_silence(tmp_path: Path) -> None:
    async def play(client: Client, reach: SimulatedReach) -> None:
        await client.ping()
        line_of(reach).go_deaf()
        await client.run_task("work 0 0", "/", caller=CALLER)

    took = seconds(tmp_path, play)
    assert SILENCE_SECONDS <= took < SILENCE_SECONDS + SLACK_SECONDS
