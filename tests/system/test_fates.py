"""What becomes of a task when its caller cancels, leaves, dies or comes back."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from signalpost.transport import messages
from signalpost.transport.client import Client
from signalpost.transport.errors import NotAuthorised
from signalpost.transport.messages import TaskReport
from tests.system.commands import tree
from tests.system.fifo import Fifo
from tests.system.place import Place, within
from tests.system.processes import dead, lives
from tests.system.puppet import Ask, Puppet, puppet
from tests.system.wire import wire

OUTLIVES: list[dict[str, Any]] = [{"notify": True}, {"on_disconnect": "finish"}]


async def end_of(client: Client, task_id: int) -> TaskReport:
    return await client.task_status(task_id, None)


async def status(client: Client, ask: Ask) -> TaskReport:
    return await client.task_status(await ask.heard.accepted())


# ---------------------------------------------------------------- cancel of a call


@within(20)
async def test_a_cancelled_call_takes_its_waiting_task_out_of_the_queue(place: Place) -> None:
    gate = place.fifo("gate")
    async with place.client() as watcher, puppet(place) as client:
        running = client.run_task(f"read _ <{gate}")
        await running.heard.running()
        waiting = client.run_task("true")
        task_id = await waiting.heard.waiting()
        client.give_up(waiting)
        ended = await end_of(watcher, task_id)
        assert (ended.state, ended.cancelled_by) == ("cancelled", "client")
        assert ended.started_at is None
        assert (await status(watcher, running)).state == "running"
        gate.open()
        assert (await running.report()).state == "success"


@within(20)
async def test_a_cancelled_call_has_its_running_task_killed(place: Place) -> None:
    pids = place.fifo("pids")
    async with place.client() as watcher, puppet(place) as client:
        running = client.run_task(tree("plain", pids))
        pid = await pids.pid()
        task_id = await running.heard.running()
        client.give_up(running)
        ended = await end_of(watcher, task_id)
        assert (ended.state, ended.cancelled_by) == ("cancelled", "client")
        assert not lives(pid)


@within(20)
async def test_the_cancel_of_an_answered_call_does_nothing(place: Place) -> None:
    gate = place.fifo("gate")
    async with place.client("alice") as client, wire(place, "alice") as speaker:
        states: list[str] = []
        tasks: list[int] = []
        for command in (f"read _ <{gate}", "true"):
            asked = messages.RunTask(command=command, working_directory="/tmp", wait_seconds=0)
            call = speaker.send(asked)
            report = await speaker.task(call)
            states.append(report.state)
            tasks.append(report.task_id)
            cancel = speaker.send(messages.CancelCall(correlation=call))
            assert await speaker.reply(cancel) == messages.Accepted()
        assert states == ["running", "waiting"]
        assert [len(q.waiting) for q in await client.queues()] == [1]
        gate.open()
        assert [(await end_of(client, task)).state for task in tasks] == ["success", "success"]


@within(20)
async def test_only_its_owner_or_a_person_cancels_a_task(place: Place) -> None:
    pids = place.fifo("pids")
    async with (
        place.client("alice") as alice,
        place.client("bob") as bob,
        place.client(kind="cli") as person,
    ):
        for who, by in ((alice, "alice"), (person, "person")):
            task = await alice.run_task(tree("plain", pids), "/tmp", notify=True)
            pid = await pids.pid()
            with pytest.raises(NotAuthorised, match="alice"):
                await bob.cancel_task(task.task_id)
            assert lives(pid)
            ended = await who.cancel_task(task.task_id)
            assert (ended.state, ended.cancelled_by) == ("cancelled", by)
            assert not lives(pid)


# ---------------------------------------------------------------- end of a caller


@within(20)
async def test_who_leaves_in_order_takes_its_tasks_along_at_once(place: Place) -> None:
    pids = place.fifo("pids")
    async with place.client() as watcher, puppet(place) as client:
        running = client.run_task(tree("plain", pids))
        pid = await pids.pid()
        await running.heard.running()
        waiting = client.run_task("true")
        await waiting.heard.waiting()
        client.leave()
        with anyio.fail_after(3):
            await dead(pid)
            ended = [await status_end(watcher, ask) for ask in (running, waiting)]
    assert [report.state for report in ended] == ["cancelled", "cancelled"]


async def status_end(client: Client, ask: Ask) -> TaskReport:
    return await end_of(client, await ask.heard.accepted())


@pytest.mark.parametrize("orderly", [True, False])
@within(30)
async def test_a_task_that_may_outlive_its_caller_does(place: Place, orderly: bool) -> None:
    gate = place.fifo("gate")
    async with place.client() as watcher, puppet(place) as client:
        tasks: list[int] = []
        for number, words in enumerate(OUTLIVES):
            for state in ("running", "waiting"):
                command = f"read _ <{gate}; : {state}"
                ask = client.run_task(command, queue_name=f"q{number}", **words)
                await ask.heard.until(lambda _: True) if number else await ask.result()
                tasks.append((await watcher.tasks())[0].task_id)
        doomed = await client.run_task(f"read _ <{gate}", queue_name="other").heard.running()
        if orderly:
            client.leave()
        else:
            client.kill()
        assert (await end_of(watcher, doomed)).state == "cancelled"  # so the session is gone
        gate.open(4)
        assert [(await end_of(watcher, task)).state for task in tasks] == ["success"] * 4


@within(30)
async def test_the_same_agents_same_call_takes_over_what_a_killed_client_left(
    place: Place,
) -> None:
    gate = place.fifo("gate")
    run, wait, other = f"read _ <{gate}; echo ran", "echo waited", f"read _ <{gate}"

    async def asked(client: Puppet) -> list[Ask]:
        asks = [client.run_task(run), client.run_task(wait)]
        await asks[0].heard.accepted()  # each is told by itself, in no set order
        await asks[1].heard.waiting()
        return asks

    async with place.client() as watcher:
        async with puppet(place, "alice") as first:
            before = await asked(first)
            doomed = await first.run_task(other, queue_name="other").heard.running()
        async with puppet(place, "alice") as second:
            again = await asked(second)
            assert (await end_of(watcher, doomed)).state == "cancelled"
            gate.open()
            reports = [await ask.report() for ask in again]
        assert [report.state for report in reports] == ["success", "success"]
        assert [r.task_id for r in reports] == [await ask.heard.accepted() for ask in before]


# ---------------------------------------------------------------- the wait budget


@within(20)
async def test_an_answer_at_the_wait_budget_leaves_the_task_alone(place: Place) -> None:
    gate = place.fifo("gate")
    async with place.client("alice") as client:
        asked = await client.run_task(f"read _ <{gate}; echo end", "/tmp", wait_seconds=0.2)
        assert asked.state == "running"
        again = await client.task_status(asked.task_id, 0.1)
        assert again.state == "running"
        gate.open()
        ended = await end_of(client, asked.task_id)
        assert (ended.state, ended.tail) == ("success", b"end\n")


@within(20)
async def test_a_repeated_call_takes_up_the_task_whose_end_nobody_was_told(
    place: Place,
) -> None:
    gate, runs = place.fifo("gate"), place.folder / "runs"
    command = f"echo run >>{runs}; read _ <{gate}"
    async with place.client("alice") as client:
        first = await client.run_task(command, "/tmp", wait_seconds=0)
        second = await client.run_task(command, "/tmp", wait_seconds=0.1)
        gate.open()
        third = await client.run_task(command, "/tmp")
        assert (second.task_id, third.task_id) == (first.task_id, first.task_id)
        assert third.state == "success"
        gate.open()
        fresh = await client.run_task(command, "/tmp")
    assert fresh.task_id > first.task_id
    assert runs.read_text().split() == ["run", "run"]


@pytest.mark.parametrize("way", ["run_task", "task_status"])
@within(20)
async def test_a_result_is_given_once_and_then_the_command_runs_anew(
    place: Place, way: str
) -> None:
    gate, runs = place.fifo("gate"), place.folder / "runs"
    command = f"echo run >>{runs}; read _ <{gate}"
    async with place.client("alice") as client, place.client("bob") as bob:
        asked = await client.run_task(command, "/tmp", wait_seconds=0)
        gate.open()
        await ended_unseen(bob, asked.task_id)
        if way == "task_status":
            got = await client.task_status(asked.task_id)
        else:
            got = await client.run_task(command, "/tmp")
        assert (got.task_id, got.state) == (asked.task_id, "success")
        gate.open()
        fresh = await client.run_task(command, "/tmp")
    assert fresh.task_id > asked.task_id
    assert runs.read_text().split() == ["run", "run"]


async def ended_unseen(client: Client, task_id: int) -> None:
    """Return when a task has ended, without being told its result: a turn after it says so."""
    await client.run_task(f": {task_id}", "/tmp")


@within(20)
async def test_identical_open_calls_share_one_task_until_the_last_one_cancels(
    place: Place,
) -> None:
    pids: Fifo = place.fifo("pids")
    command = tree("plain", pids)
    async with puppet(place, "alice") as one, puppet(place, "alice") as two:
        asks = [each.run_task(command) for each in (one, two, two)]
        assert len({await ask.heard.running() for ask in asks}) == 1
        pid = await pids.pid()
        one.give_up(asks[0])
        one.ask("ping")
        two.give_up(asks[1])
        await two.ask("ping").result()
        assert lives(pid)
        two.give_up(asks[2])
        await dead(pid)
        ended = await two.ask(
            "task_status", task_id=await asks[0].heard.accepted(), wait_seconds=None
        ).report()
        assert ended.state == "cancelled"
        assert pids.lines_so_far() == []


@within(20)
async def test_calls_that_differ_share_nothing(place: Place) -> None:
    gate = place.fifo("gate")
    async with puppet(place, "alice") as alice, puppet(place, "bob") as bob:
        command = f"read _ <{gate}"
        asks = [
            alice.run_task(command),
            bob.run_task(command),
            alice.run_task(command, "/"),
            alice.run_task(command, env_vars={"A": "1"}),
            alice.run_task(command, queue_name="other"),
            alice.run_task(command, "/tmp/.."),
        ]
        ids = [await ask.heard.accepted() for ask in asks]
        gate.open(6)
        assert {(await ask.report()).state for ask in asks} == {"success"}
        assert len(set(ids[:5])) == 5
        assert ids[5] == ids[2]  # the same real path
