"""Agents are told of mail: `signalpost wait`, hooks and brokers, each a process of its own."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from signalpost.transport import bell, direct
from signalpost.transport.client import Client
from signalpost.transport.errors import BrokerUnavailable
from tests.system.bridge import Bridge, bridge
from tests.system.letterbox import line, receive
from tests.system.place import SECONDS, SIGNALPOST, Done, Place, Process, within


def waits(place: Place, *words: str) -> Process:
    return place.start(*SIGNALPOST, "wait", *words)


async def ended(process: Process) -> Done:
    """Return how a process ended, and what it said."""

    def communicate() -> tuple[bytes, bytes]:
        return process.communicate(timeout=SECONDS)

    out, err = await anyio.to_thread.run_sync(communicate, abandon_on_cancel=True)
    return Done(process.args, process.returncode, out, err)


async def there_are(client: Client, sessions: int) -> None:
    """Return when so many have come to the broker."""
    with anyio.fail_after(SECONDS):
        while (await client.info()).sessions < sessions:
            await anyio.lowlevel.checkpoint()


async def named(it: Bridge) -> None:
    """Let an agent become known."""
    await it.handshake()
    await it.text(it.call("list_agents"))


async def look(place: Place, **words: Any) -> bell.Doorstep:  # noqa: ANN401 - handed on
    """Ask as a hook does, without an event loop."""

    def ask() -> bell.Doorstep:
        return direct.ask(place.state, bell.LookAtBell(**words), bell.Doorstep, seconds=5)

    return await anyio.to_thread.run_sync(ask)


@within(30)
async def test_a_waiting_process_is_found_by_its_client_and_ends_when_mail_comes(
    place: Place,
) -> None:
    async with bridge(place, "alice") as alice, place.client("boss") as boss:
        await named(alice)
        waiting = waits(place)
        await there_are(boss, 3)
        sent = await boss.send("alice", "hello", wait_for="delivered", wait_seconds=1)
        done = await ended(waiting)
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout == b"1 unread message for alice (1 task): 1 from boss\n"
        (one,) = sent.sent
        assert one.stage == "stored"
        assert one.rung is not None
        assert (one.rung.way, one.rung.outcome) == ("wait", "woke")
        assert (await line(alice, "list_agents"))["agents"]


@within(40)
async def test_the_broker_is_killed_and_who_waits_is_told_by_the_next_one(place: Place) -> None:
    async with bridge(place, "alice") as alice, place.client("boss") as boss:
        await named(alice)
        waiting = waits(place, "--agent", "alice")
        await there_are(boss, 3)
        family = place.family()
        place.broker_process().kill()
        await family.all_dead(5)
        await boss.send("alice", "after")
        done = await ended(waiting)
        assert (done.returncode, done.stdout[:33]) == (0, b"1 unread message for alice (1 tas")


@within(40)
async def test_what_was_told_before_the_broker_was_killed_is_not_told_again(place: Place) -> None:
    async with bridge(place, "alice") as alice, place.client("boss") as boss:
        await named(alice)
        await boss.send("alice", "before")
        assert (await ended(waits(place, "--agent", "alice"))).returncode == 0
        await boss.send("person", "on disk")
        family = place.family()
        place.broker_process().kill()
        await family.all_dead(5)
        shown = await place.run(*SIGNALPOST, "doorbell", "alice", "--json")
        assert [ring["way"] for ring in json.loads(shown.stdout)["rings"]] == ["wait"]
        done = await ended(waits(place, "--agent", "alice", "--timeout", "0.3"))
        assert (done.returncode, done.stdout) == (3, b"")


SILENT = """
import sys, anyio, signalpost

async def main():
    async with signalpost.connect(kind="door", data_dir=sys.argv[1]) as client:
        step = await client.await_bell("alice")
        print(step.unread, "unread", flush=True)
        await anyio.sleep_forever()

anyio.run(main)
"""


@within(60)
async def test_who_was_rung_and_died_while_no_broker_ran_has_told_nothing(place: Place) -> None:
    async with bridge(place, "alice") as alice, place.client("boss") as boss:
        await named(alice)
        silent = place.start(sys.executable, "-c", SILENT, str(place.state))
        await boss.send("alice", "hello")
        assert silent.stdout is not None
        said = await anyio.to_thread.run_sync(silent.stdout.readline, abandon_on_cancel=True)
        assert said == b"1 unread\n"
        await boss.send("person", "on disk")
        family = place.family()
        place.broker_process().kill()
        await family.all_dead(5)
        silent.kill()
        done = await ended(waits(place, "--agent", "alice"))
        assert (done.returncode, done.stdout[:33]) == (0, b"1 unread message for alice (1 tas")
        shown = await place.run(*SIGNALPOST, "doorbell", "alice", "--json")
        newest, oldest = json.loads(shown.stdout)["rings"]
        assert (newest["outcome"], oldest["outcome"]) == ("woke", "gave_up")


@within(40)
async def test_of_two_who_wait_each_is_told_of_other_mail(place: Place) -> None:
    async with bridge(place, "alice") as alice, place.client("boss") as boss:
        await named(alice)
        await place.run(*SIGNALPOST, "doorbell", "alice", "--every", "0")
        first = waits(place, "--agent", "alice")
        await there_are(boss, 3)
        second = waits(place, "--agent", "alice")
        await there_are(boss, 4)
        await boss.send("alice", "one")
        assert (await ended(first)).returncode == 0
        assert second.poll() is None
        await boss.send("alice", "two")
        done = await ended(second)
        assert done.stdout.startswith(b"2 unread messages for alice (2 tasks)")


@within(40)
async def test_nobody_is_told_while_the_bell_is_off(place: Place) -> None:
    async with bridge(place, "alice") as alice, place.client("boss") as boss:
        await named(alice)
        off = await place.run(*SIGNALPOST, "doorbell", "alice", "--off")
        assert off.stdout == b"alice: doorbell off, nobody tells it of mail\n"
        sent = await boss.send("alice", "hello", wait_for="delivered", wait_seconds=0.1)
        assert sent.sent[0].rung is None
        done = await ended(waits(place, "--agent", "alice", "--timeout", "0.3"))
        assert done.returncode == 3
        waiting = waits(place, "--agent", "alice", "--json")
        await there_are(boss, 3)
        await place.run(*SIGNALPOST, "doorbell", "alice", "--on")
        value = json.loads((await ended(waiting)).stdout)
        assert (value["event"], value["agent"], value["unread"]) == ("mail", "alice", 1)


@within(40)
async def test_a_second_ring_waits_for_the_least_time(place: Place) -> None:
    async with bridge(place, "alice") as alice, place.client("boss") as boss:
        await named(alice)
        await place.run(*SIGNALPOST, "doorbell", "alice", "--every", "2")
        await boss.send("alice", "one")
        assert (await ended(waits(place, "--agent", "alice"))).returncode == 0
        await boss.send("alice", "two")
        await boss.send("alice", "three")
        done = await ended(waits(place, "--agent", "alice"))
        assert done.stdout.startswith(b"3 unread messages")
        shown = json.loads((await place.run(*SIGNALPOST, "doorbell", "alice", "--json")).stdout)
        newest, oldest = shown["rings"]
        assert newest["at"] - oldest["at"] >= 1.99


@within(30)
async def test_who_waits_for_a_task_is_told_how_it_ended(place: Place) -> None:
    async with place.client("boss") as boss:
        gate = place.fifo("gate")
        await boss.register("boss")
        async with anyio.create_task_group() as tasks:

            async def run() -> None:
                await boss.run_task(f"read _ <{gate}; exit 3", "/tmp")

            tasks.start_soon(run)
            with anyio.fail_after(SECONDS):
                while not (known := await boss.tasks()):
                    await anyio.lowlevel.checkpoint()
            waiting = waits(place, "--agent", "boss", "--task", str(known[0].task_id))
            await there_are(boss, 2)
            gate.open()
            done = await ended(waiting)
            assert done.returncode == 0
            assert done.stdout.startswith(b"task 1 has ended: FAILED exit=3 ")


@within(30)
async def test_a_rewake_hook_wakes_by_its_exit_code(place: Place) -> None:
    async with bridge(place, "alice") as alice, place.client("boss") as boss:
        await named(alice)
        await boss.send("alice", "hello")
        done = await ended(waits(place, "--rewake"))
        assert (done.returncode, done.stdout) == (2, b"")
        assert done.stderr == (
            b"Signalpost: 1 unread message waits in the inbox of agent alice"
            b" (1 from boss; 1 is a task): receive_message takes it.\n"
        )


@within(30)
async def test_a_hook_sees_what_waits_and_a_new_session_is_offered_it_again(place: Place) -> None:
    async with bridge(place, "alice") as alice, place.client("boss") as boss:
        await named(alice)
        await boss.send("alice", "hello", kind="result")
        await alice.text(receive(alice))
        seen = await look(place, event="stop")
        assert (seen.agent, seen.unread, seen.held, seen.news) == ("alice", 0, 1, False)
        assert {a.name: a.presence for a in await boss.agents()}["alice"] == "online"
        seen = await look(place, event="blocked")
        assert {a.name: a.presence for a in await boss.agents()}["alice"] == "blocked"
        seen = await look(
            place, event="session_start", source="compact", way="hook:session-start", tell=True
        )
        assert (seen.unread, seen.held, seen.news) == (1, 0, True)
        again = await alice.text(receive(alice))
        assert '"attempt":1' in again
        assert '"redelivered":true' in again


@within(30)
async def test_a_hook_that_finds_no_broker_is_told_so_and_reads_what_it_left(place: Place) -> None:
    async with place.client("boss") as boss, bridge(place, "alice") as alice:
        await named(alice)
        await boss.send("alice", "hello")
        await place.run(*SIGNALPOST, "stop", "--force")  # returns when it is gone, and has written
    written = json.loads((place.state / "unread.json").read_text())
    mail = written["agents"]["alice"]
    assert (mail["unread"], mail["tasks"], mail["senders"]) == (1, 1, {"boss": 1})
    assert abs(written["written"] - time.time()) < 60
    with pytest.raises(BrokerUnavailable):
        direct.ask(place.state, bell.LookAtBell(), bell.Doorstep, seconds=1)
