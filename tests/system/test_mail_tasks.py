"""The results of tasks that come as mail."""

from __future__ import annotations

import pytest

from tests.system.bridge import bridge
from tests.system.journal import Journal
from tests.system.letterbox import line, receive, settled
from tests.system.place import SIGNALPOST, Place, within
from tests.system.puppet import puppet
from tests.system.shown import only

FAILS = "echo one; echo two; exit 3"


@within(30)
async def test_the_result_of_a_task_that_was_to_notify_is_mail_with_the_end_of_its_output(
    place: Place,
) -> None:
    async with bridge(place, "alice") as alice:
        await alice.handshake()
        started = await alice.text(alice.run_task(FAILS, notify=True))
        assert started.startswith("RUNNING task=1 ")
        result = only(await alice.text(receive(alice)))
        envelope = result.envelope
        assert (result.sender, envelope["type"], result.id) == ("signalpost", "result", "task-1")
        assert envelope["payload"]["metadata"] == {"task_id": 1, "state": "failed"}
        first, *tail = result.body.splitlines()
        assert first.startswith("FAILED exit=3 ")
        assert "output=" in first
        assert tail == ["one", "two"]
        assert await settled(alice) == ["task-1"]


@within(30)
async def test_asking_for_a_task_is_enough_to_be_done_with_its_mail(place: Place) -> None:
    gate = place.fifo("gate")
    async with bridge(place, "alice") as alice:
        await alice.handshake()
        await alice.text(alice.run_task(f"read _ <{gate}; {FAILS}", notify=True))
        journal = Journal(place)
        gate.open()
        await journal.until("message_sent", message_id="task-1")
        status = await alice.text(alice.call("task_status", task_id=1))
        assert status.startswith("FAILED exit=3 ")
        nothing = await line(alice, "receive_message", timeout=0)
        assert nothing == {"status": "no_messages", "timeout": 0, "acknowledged": []}
        await line(alice, "send_message", to="person", content="so far")  # all before is on disk
    assert place.stored("SELECT state FROM messages WHERE id = 'task-1'") == [("done",)]


@pytest.mark.parametrize("how", ["status", "cancel"])
@within(30)
async def test_a_result_that_a_person_saw_is_still_mail_to_its_owner(
    place: Place, how: str
) -> None:
    gate = place.fifo("gate")
    async with bridge(place, "alice") as alice:
        await alice.handshake()
        await alice.text(alice.run_task(f"read _ <{gate}; {FAILS}", notify=True))
        journal = Journal(place)
        if how == "status":
            gate.open()
            await journal.until("message_sent", message_id="task-1")
        seen = await place.run(*SIGNALPOST, how, "1")
        assert seen.stdout.startswith((b"FAILED exit=3", b"CANCELLED"))
        result = only(await alice.text(alice.call("receive_message", timeout=10)))
        assert (result.id, result.body.split()[0]) == ("task-1", seen.stdout.decode().split()[0])


@within(40)
async def test_the_loss_of_a_task_is_told_once_to_who_waits_for_it(place: Place) -> None:
    here = place.fifo("here")
    async with bridge(place, "alice") as alice:
        await alice.handshake()
        call = alice.run_task(f"echo on >{here}; sleep 1000")
        await here.line()
        place.broker_process().kill()
        assert (await alice.text(call)).startswith("LOST task=1 ")
        nothing = await line(alice, "receive_message", timeout=12)
        assert nothing == {"status": "no_messages", "timeout": 12, "acknowledged": []}


@within(40)
async def test_asking_the_next_broker_for_a_task_is_enough_too(place: Place) -> None:
    gate = place.fifo("gate")
    async with bridge(place, "alice") as alice:
        await alice.handshake()
        await alice.text(alice.run_task(f"read _ <{gate}; {FAILS}", notify=True))
        journal = Journal(place)
        gate.open()
        await journal.until("message_sent", message_id="task-1")
        await line(alice, "send_message", to="person", content="so far")  # all before is on disk
        place.broker_process().kill()
        status = await alice.text(alice.call("task_status", task_id=1))
        assert status.startswith("FAILED exit=3 ")
        nothing = await line(alice, "receive_message", timeout=0)
        assert nothing == {"status": "no_messages", "timeout": 0, "acknowledged": []}


@within(40)
async def test_a_result_that_nobody_took_is_mail_to_its_owner(place: Place) -> None:
    gate = place.fifo("gate")
    async with bridge(place, "alice", "--wait-budget", "0.3") as alice:
        await alice.handshake()
        running = await alice.text(alice.run_task(f"read _ <{gate}; {FAILS}"))
        assert running.startswith("RUNNING task=1 ")
        journal = Journal(place)
        gate.open()
        await journal.until("message_sent", message_id="task-1")
        result = only(await alice.text(alice.call("receive_message", timeout=0)))
        assert result.body.startswith("FAILED exit=3 ")


@within(30)
async def test_the_loss_of_a_task_that_was_to_notify_is_mail_from_the_next_broker(
    place: Place,
) -> None:
    here = place.fifo("here")
    async with puppet(place, "alice") as alice:
        command = f"echo on >{here}; sleep 1000"
        await alice.run_task(command, notify=True).report()
        await here.line()
        family = place.family()
        place.broker_process().kill()
        await family.all_dead(5)
        taken = await alice.ask("take", wait_seconds=15).result()
        [lost] = taken["messages"]
        assert (lost["sender"], lost["kind"], lost["id"]) == ("signalpost", "result", "task-1")
        assert lost["content"].startswith("LOST task=1 broker stopped; the command was killed")
