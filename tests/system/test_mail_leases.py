"""Receivers and brokers that are stopped for longer than a lease lasts. Cases 3 and 4."""

from __future__ import annotations

import json
import os
import signal

import anyio
import anyio.to_thread
import pytest

from signalpost.transport.client import Client
from signalpost.transport.letters import Delivery, Held, Outcome
from tests.system.place import Place, Process, within
from tests.system.puppet import puppet
from tests.system.scribes import scribe

LEASE = "1"
LONGER_SECONDS = 5.0


async def stop(process: Process) -> None:
    """Stop a process that we have started, and return when it stands still."""
    process.send_signal(signal.SIGSTOP)
    await anyio.to_thread.run_sync(os.waitid, os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)


def held(*messages: Delivery) -> list[Held]:
    return [Held(message.id, message.lease) for message in messages]


async def until_nobody_holds(watcher: Client, agent: str) -> None:
    """Return when every lease on an agent's mail has ended."""
    while (await watcher.inboxes(agent))[0].in_flight:
        pass


@pytest.mark.parametrize("the_other", ["still holds it", "has acknowledged it"])
@within(30)
async def test_a_receiver_that_was_stopped_past_its_lease_acknowledges_in_vain(
    place: Place, the_other: str
) -> None:
    place.options = ("--lease", LEASE)
    journal = place.fifo("journal")
    async with place.client("boss") as boss, place.client("worker") as other:
        message_id = (await boss.send("worker", "once")).sent[0].message_id
        first = scribe(place, "hold", journal.path, "worker")
        assert json.loads(await journal.line())["id"] == message_id
        await stop(first)
        [again] = (await other.take(wait_seconds=None)).messages
        assert (again.id, again.attempt, again.redelivered) == (message_id, 2, True)
        if the_other == "has acknowledged it":
            assert [s.code for s in await other.settle(held(again))] == [""]
        first.send_signal(signal.SIGCONT)
        assert first.stdin is not None
        first.stdin.close()
        said = json.loads(await journal.line())
        assert (said["event"], said["code"]) == ("refused", "STALE_LEASE")
        if the_other == "still holds it":
            assert [s.code for s in await other.settle(held(again))] == [""]
        assert (await other.take(wait_seconds=0)).messages == []
    rows = place.stored("SELECT id, state, attempts, deliveries FROM messages")
    assert rows == [(message_id, "done", 1, 2)]


@pytest.mark.parametrize("outcome", ["ack", "nack", "return"])
@within(30)
async def test_what_nobody_else_has_taken_comes_again_and_its_first_lease_is_worth_nothing(
    place: Place, outcome: Outcome
) -> None:
    place.options = ("--lease", LEASE)
    async with place.client("boss") as boss, puppet(place, "worker") as worker:
        await boss.send("worker", "once")
        [first] = (await worker.ask("take", wait_seconds=None).result())["messages"]
        stale = {"message_id": first["id"], "lease": first["lease"]}
        await stop(worker.process)
        settling = worker.ask("settle", held=[stale], outcome=outcome)
        await until_nobody_holds(boss, "worker")
        worker.process.send_signal(signal.SIGCONT)
        assert [s["code"] for s in await settling.result()] == ["STALE_LEASE"]
        [again] = (await worker.ask("take", wait_seconds=0).result())["messages"]
        assert (again["id"], again["attempt"], again["redelivered"]) == (first["id"], 2, True)
        # The same session holds it again: it is by the token that the first lease is known.
        told = await worker.ask("settle", held=[stale], outcome=outcome).result()
        assert [s["code"] for s in told] == ["STALE_LEASE"]
        assert place.stored("SELECT state, attempts FROM messages") == [("leased", 1)]
        current = {"message_id": again["id"], "lease": again["lease"]}
        told = await worker.ask("settle", held=[current]).result()
        assert [s["code"] for s in told] == [""]
    rows = place.stored("SELECT state, attempts, deliveries FROM messages")
    assert rows == [("done", 1, 2)]


@within(30)
async def test_acknowledgements_that_wait_while_the_broker_is_stopped_count(place: Place) -> None:
    codes: list[str] = []
    got: list[Delivery] = []
    broker = await place.serve("--lease", LEASE)
    async with (
        place.client("boss") as boss,
        place.client("worker") as worker,
        place.client("worker") as idle,
        anyio.create_task_group() as tasks,
    ):
        for number in range(32):
            await boss.send("worker", str(number))
        taken = (await worker.take(max_messages=32)).messages
        done, kept = taken[:5], taken[5:]
        assert len(kept) == 27

        async def wait() -> None:
            got.extend((await idle.take(wait_seconds=None)).messages)

        async def acknowledge(message: Delivery) -> None:
            codes.extend(settled.code for settled in await worker.settle(held(message)))

        tasks.start_soon(wait)
        await idle.ping()
        await stop(broker)
        async with anyio.create_task_group() as acknowledging:
            for message in done:
                acknowledging.start_soon(acknowledge, message)
            await anyio.sleep(LONGER_SECONDS)  # the lease ends, if this time counts
            broker.send_signal(signal.SIGCONT)
        assert codes == [""] * 5
        said = await worker.extend(held(*kept))
        assert [s.code for s in said] == [""] * len(kept)  # that was nobody's time
        await boss.send("worker", "next")
    assert [message.content for message in got] == ["next"]
    rows = place.stored("SELECT state, attempts, deliveries, count(*) FROM messages GROUP BY 1")
    assert rows[0] == ("done", 0, 1, 5)
    assert place.stored("SELECT max(attempts), max(deliveries) FROM messages") == [(0, 1)]
