"""Cases 17 and 18: what one client does, or does not do, and what the others notice of it.

Times are compared within one run: medians, since the machine has others to serve too.
"""

from __future__ import annotations

import os
import signal
import statistics
import sys
import time
from pathlib import Path

import anyio
import anyio.to_thread
import psutil
import pytest

from signalpost.transport.client import Client
from signalpost.transport.letters import Held
from tests.system.place import Place, within
from tests.system.puppet import puppet

FLOOD = Path(__file__).with_name("flood_script.py")
MB = 1024 * 1024
SAMPLES = 40
BESIDE_A_FLOOD, BESIDE_A_SLEEPER = 30, 10
"""So many times as long may a round trip take. Seen: 3 to 14, and 1."""
MEMORY = 128 * MB


async def round_trip(client: Client) -> float:
    """Return the seconds that sending, receiving and acknowledging one message takes."""
    begin = time.monotonic()
    await client.send(client.agent, "polite")
    [message] = (await client.take()).messages
    await client.settle([Held(message.id, message.lease)])
    return time.monotonic() - begin


async def typical(client: Client) -> float:
    return statistics.median([await round_trip(client) for _ in range(SAMPLES)])


@pytest.mark.soak
@pytest.mark.parametrize("what", ["stored", "refused", "full", "asking"])
@within(40)
async def test_a_client_that_floods_slows_a_polite_one_within_bounds(
    place: Place, what: str
) -> None:
    broker = await place.serve()
    memory = psutil.Process(broker.pid).memory_info
    async with place.client("polite", start=False) as polite, place.client("victim") as victim:
        await victim.register("victim")
        await polite.register("polite")
        undisturbed, before = await typical(polite), memory().rss
        flood = place.start(sys.executable, str(FLOOD), str(place.state), what)
        assert flood.stdout is not None
        await anyio.to_thread.run_sync(flood.stdout.readline, abandon_on_cancel=True)
        disturbed = await typical(polite)
        assert disturbed < BESIDE_A_FLOOD * undisturbed
        assert memory().rss - before < MEMORY
        assert (await victim.inboxes("victim"))[0].depth <= 1000


@pytest.mark.parametrize(
    ("mail", "tasks"), [(100, 20), pytest.param(2000, 120, marks=pytest.mark.soak)]
)
@within(90)
async def test_a_client_that_stands_still_costs_the_others_little_and_misses_nothing(
    place: Place, mail: int, tasks: int
) -> None:
    gate = place.fifo("gate")
    broker = await place.serve()
    memory = psutil.Process(broker.pid).memory_info
    async with place.client("polite", start=False) as polite, puppet(place, "slow") as slow:
        await slow.ask("register", name="slow", inbox_bound=mail + 1).result()
        await polite.register("polite")
        undisturbed, before = await typical(polite), memory().rss
        asks = [slow.run_task(f"read _ <{gate}")]
        asks += [slow.run_task(f": {number}") for number in range(tasks)]
        await asks[-1].heard.accepted()
        taking = slow.ask("take", wait_seconds=None)
        os.kill(slow.pid, signal.SIGSTOP)
        gate.open()  # from here on each task that ends is news for every one behind it
        for number in range(mail):
            await polite.send("slow", f"{number:04}" + "x" * 1000)
        disturbed = await typical(polite)
        assert disturbed < BESIDE_A_SLEEPER * undisturbed
        assert memory().rss - before < MEMORY
        os.kill(slow.pid, signal.SIGCONT)
        got = [m["content"][:4] for m in (await taking.result())["messages"]]
        while len(got) < mail:
            more = await slow.ask("take", max_messages=32).result()
            got += [m["content"][:4] for m in more["messages"]]
        assert got == [f"{number:04}" for number in range(mail)]
        assert {(await ask.report()).state for ask in asks} == {"success"}
