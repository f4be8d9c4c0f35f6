"""How a broker is stopped, and what it still does on its way out."""

from __future__ import annotations

import anyio
import pytest

from signalpost.transport import housekeeping, messages
from tests.actors.counter import Counter, counter, run
from tests.actors.stand_in_runner import PATIENCE


async def is_over(place: Counter) -> bool:
    with anyio.move_on_after(0):
        await place.ending.over()
        return True
    return False


async def test_an_idle_broker_stops_when_asked() -> None:
    async with counter() as place:
        guest = await place.speaker(kind="cli")
        assert await guest.ask(housekeeping.Stop()) == messages.Accepted()
        with anyio.fail_after(PATIENCE):
            await place.ending.over()


async def test_a_busy_broker_refuses_to_stop_and_names_its_tasks() -> None:
    async with counter() as place:
        guest = await place.speaker(kind="cli")
        guest.say(run("make all"))
        await place.runner.begun(1)
        refused = await guest.refusal(housekeeping.Stop())
        assert refused.code == "BAD_REQUEST"
        assert "1 (make all)" in refused.detail
        guest.say(run("more"))
        await guest.settle()
        assert len(place.broker.open_tasks()) == 2


async def test_a_broker_told_to_wait_takes_nothing_new_and_ends_after_what_is_open() -> None:
    async with counter() as place:
        guest = await place.speaker(kind="cli")
        calls = [guest.say(run(command)) for command in ("one", "two")]
        await place.runner.begun(1)
        stop = guest.say(housekeeping.Stop(how="wait"))
        await guest.settle()
        assert (await guest.refusal(run("three"))).code == "SHUTTING_DOWN"
        listed = await guest.ask(messages.ListTasks())
        assert isinstance(listed, messages.Tasks)
        assert [t.task_id for t in listed.tasks] == [2, 1]
        (await place.runner.begun(1)).end()
        run_two = await place.runner.begun(2)
        assert not await is_over(place)
        run_two.end()
        assert await guest.answer(stop) == messages.Accepted()
        for call in calls:
            report = await guest.answer(call)
            assert isinstance(report, messages.TaskReport)
            assert report.state == "success"
        with anyio.fail_after(PATIENCE):
            await place.ending.over()


async def test_a_broker_stopped_by_force_kills_and_answers_everybody() -> None:
    async with counter() as place:
        guest = await place.speaker(kind="cli")
        calls = [guest.say(run(command)) for command in ("one", "two")]
        await place.runner.begun(1)
        assert await guest.ask(housekeeping.Stop(how="force")) == messages.Accepted()
        states: list[str] = []
        for call in calls:
            report = await guest.answer(call)
            assert isinstance(report, messages.TaskReport)
            states.append(report.state)
        assert states == ["lost", "cancelled"]
        assert place.runner.killed == [1]


async def test_a_broker_that_takes_too_much_memory_leaves_without_a_word() -> None:
    async with counter() as place:
        place.tasks.start_soon(place.ending.heed_memory)
        guest = await place.speaker()
        guest.say(run())
        await place.runner.begun(1)
        assert not place.ending.failed
        place.memory = 1
        place.guard.note(2)
        with anyio.fail_after(PATIENCE):
            await place.ending.over()
        assert place.ending.failed


@pytest.mark.parametrize("how", ["wait", "force"])
async def test_who_comes_to_a_broker_that_is_done_is_sent_away(how: str) -> None:
    async with counter() as place:
        guest = await place.speaker(kind="cli")
        await guest.ask(housekeeping.Stop(how="wait" if how == "wait" else "force"))
        said = messages.Hello(software="late", kind="client")
        refused = await place.stranger().refusal(said)
        assert refused.code == "SHUTTING_DOWN"


async def test_who_waits_for_a_task_may_come_to_a_broker_that_drains() -> None:
    async with counter() as place:
        guest = await place.speaker()
        guest.say(run())
        await place.runner.begun(1)
        guest.say(housekeeping.Stop(how="wait"))
        await guest.settle()
        other = await place.speaker()
        status = other.say(messages.TaskStatus(task_id=1, wait_seconds=None))
        await other.settle()
        place.runner.runs[1].end()
        report = await other.answer(status)
        assert isinstance(report, messages.TaskReport)
        assert report.state == "success"
