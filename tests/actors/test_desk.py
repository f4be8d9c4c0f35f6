# pyright: reportPrivateUsage=false
"""Requests as clients make them, over a real socket, against a whole broker."""

from __future__ import annotations

import anyio
import pytest

from signalpost.actors.row import TaskRow
from signalpost.transport import messages
from signalpost.transport.session import SILENCE_SECONDS
from tests.actors.counter import Counter, Speaker, counter, run
from tests.actors.stand_in_runner import DONE, KILLED, PATIENCE


async def ran(place: Counter, guest: Speaker, **fields: str) -> messages.TaskReport:
    """Have a command run to its end."""
    correlation = guest.say(run(**fields))
    (await place.runner.begun(await id_of(place, guest, correlation))).end()
    report = await guest.answer(correlation)
    assert isinstance(report, messages.TaskReport)
    return report


async def id_of(place: Counter, guest: Speaker, correlation: bytes) -> int:
    with anyio.fail_after(PATIENCE):
        while True:
            for task in place.broker.open_tasks():
                if task.request_id == correlation and task.id:
                    return task.id
            await guest.settle()


# ---------------------------------------------------------------- once only


async def test_a_run_sent_twice_runs_once_and_has_one_answer() -> None:
    async with counter() as place:
        guest = await place.speaker()
        correlation = guest.say(run())
        guest.say(run(), correlation)
        (await place.runner.begun(1)).end()
        report = await guest.answer(correlation)
        guest.say(run(), correlation)
        assert await guest.answer(correlation, 2) == report
        await guest.settle()
        assert len(place.runner.jobs) == 1


async def test_a_refusal_is_the_same_when_the_reason_has_gone() -> None:
    async with counter() as place:
        guest = await place.speaker()
        folder = place.folder / "later"
        request = run(working_directory=str(folder))
        correlation = guest.say(request)
        first = await guest.answer(correlation)
        assert isinstance(first, messages.Failed)
        assert first.code == "BAD_REQUEST"
        folder.mkdir()
        guest.say(request, correlation)
        assert await guest.answer(correlation, 2) == first
        await guest.settle()
        assert place.broker.open_tasks() == []


async def test_a_cancel_sent_twice_kills_once() -> None:
    async with counter() as place:
        guest = await place.speaker()
        run_call = guest.say(run())
        await place.runner.begun(1)
        correlation = guest.say(messages.CancelTask(task_id=1))
        guest.say(messages.CancelTask(task_id=1), correlation)
        report = await guest.answer(correlation)
        assert isinstance(report, messages.TaskReport)
        assert (report.state, report.cancelled_by) == ("cancelled", "client")
        guest.say(messages.CancelTask(task_id=1), correlation)
        assert await guest.answer(correlation, 2) == report
        assert place.runner.killed == [1]
        assert await guest.answer(run_call) == report


async def test_logs_are_cleared_once_under_one_correlation() -> None:
    async with counter() as place:
        guest = await place.speaker(agent="alice")
        await ran(place, guest)
        log = place.output.path(1)
        log.write_bytes(b"")
        correlation = guest.say(messages.ClearTaskLogs())
        first = await guest.answer(correlation)
        assert (first, log.exists()) == (messages.Cleared(count=1), False)
        log.write_bytes(b"")
        guest.say(messages.ClearTaskLogs(), correlation)
        assert await guest.answer(correlation, 2) == first
        assert log.exists()


@pytest.mark.parametrize("wish", ["kill", "finish"])
async def test_who_was_silent_too_long_gets_the_answer_under_its_new_session(wish: str) -> None:
    async with counter() as place:
        guest = await place.speaker()
        request = run(on_disconnect=wish)
        correlation = guest.say(request)
        ended = await place.runner.begun(1)
        place.runner.deaf = True  # it takes its time to die
        place.reception._sessions.extend(-SILENCE_SECONDS)
        place.reception._stir.set()
        await until_gone(place)
        assert isinstance(await guest.ask(messages.Heartbeat()), messages.Rehello)
        await guest.hello()
        guest.say(request, correlation)
        await guest.settle()
        ended.end(KILLED if wish == "kill" else DONE)
        report = await guest.answer(correlation)
        assert isinstance(report, messages.TaskReport)
        assert report.state == ("cancelled" if wish == "kill" else "success")
        assert len(place.runner.jobs) == 1


async def until_gone(place: Counter) -> None:
    with anyio.fail_after(PATIENCE):
        while len(place.reception):
            await place.ending._next_activity()


# ---------------------------------------------------------------- who may


async def test_only_people_clear_a_queue() -> None:
    async with counter() as place:
        agent, person = await place.speaker(agent="alice"), await place.speaker(kind="cli")
        calls = [agent.say(run(command)) for command in ("one", "two", "three")]
        await place.runner.begun(1)
        refused = await agent.refusal(messages.ClearQueue(queue_name="global"))
        assert (refused.code, "signalpost clear" in refused.detail) == ("NOT_AUTHORISED", True)
        assert len(place.broker.open_tasks()) == 3
        cleared = await person.ask(messages.ClearQueue(queue_name="global"))
        assert cleared == messages.Cleared(count=2)
        for call in calls[1:]:
            report = await agent.answer(call)
            assert isinstance(report, messages.TaskReport)
            assert (report.state, report.cancelled_by) == ("cancelled", "person")
        nothing = await person.ask(messages.ClearQueue(queue_name="unheard-of"))
        assert nothing == messages.Cleared(count=0)
        assert place.runner.running == [1]


async def test_only_people_clear_the_logs_of_everyone() -> None:
    async with counter() as place:
        alice, bob = await place.speaker(agent="alice"), await place.speaker(agent="bob")
        person = await place.speaker(kind="cli")
        for guest in (alice, bob, bob):
            report = await ran(place, guest)
            place.output.path(report.task_id).write_bytes(b"")
        assert await alice.ask(messages.ClearTaskLogs()) == messages.Cleared(count=1)
        refused = await alice.refusal(messages.ClearTaskLogs(everyone=True))
        assert refused.code == "NOT_AUTHORISED"
        assert await person.ask(messages.ClearTaskLogs(everyone=True)) == messages.Cleared(count=2)


async def test_the_log_of_what_runs_is_not_cleared() -> None:
    async with counter() as place:
        guest = await place.speaker(agent="alice")
        guest.say(run())
        await place.runner.begun(1)
        place.output.path(1).write_bytes(b"")
        assert await guest.ask(messages.ClearTaskLogs()) == messages.Cleared(count=0)


async def test_a_task_is_cancelled_by_its_owner_and_by_people_only() -> None:
    async with counter() as place:
        alice, bob = await place.speaker(agent="alice"), await place.speaker(agent="bob")
        person = await place.speaker(kind="cli")
        for number, who in ((1, alice), (2, person)):
            alice.say(run())
            await place.runner.begun(number)
            refused = await bob.refusal(messages.CancelTask(task_id=number))
            assert refused.code == "NOT_AUTHORISED"
            report = await who.report(messages.CancelTask(task_id=number))
            assert report.state == "cancelled"


# ---------------------------------------------------------------- looking


async def test_an_ended_task_is_reported_and_cannot_be_cancelled_any_more() -> None:
    async with counter() as place:
        guest = await place.speaker()
        done = await ran(place, guest)
        for request in (messages.TaskStatus(task_id=1), messages.CancelTask(task_id=1)):
            assert (await guest.report(request)).state == done.state
        place.broker._archive._recent.clear()
        old = await guest.report(messages.TaskStatus(task_id=1, wait_seconds=None))
        assert (old.state, old.exit_code) == ("success", 0)


@pytest.mark.parametrize("task_id", [0, -1, 99, 2**63 - 1, 2**63, 2**64 - 1, -(2**63)])
async def test_a_task_that_never_was_is_refused(task_id: int) -> None:
    async with counter() as place:
        guest = await place.speaker()
        for request in (
            messages.TaskStatus(task_id=task_id, wait_seconds=None),
            messages.CancelTask(task_id=task_id),
            messages.FollowOutput(task_id=task_id, stream="/s"),
        ):
            refused = await guest.refusal(request)
            assert (refused.code, str(task_id) in refused.detail) == ("BAD_REQUEST", True)


@pytest.mark.parametrize("wait", [float("nan"), float("-inf"), -1.0, 0.0])
async def test_a_wait_of_no_length_is_answered_at_once(wait: float) -> None:
    async with counter() as place:
        guest = await place.speaker()
        guest.say(run())
        await place.runner.begun(1)
        assert (await guest.report(messages.TaskStatus(task_id=1, wait_seconds=wait))).pid == 4001


async def test_output_is_followed_only_while_a_task_runs() -> None:
    async with counter() as place:
        guest = await place.speaker()
        guest.say(run("one"))
        guest.say(run("two"))
        await place.runner.begun(1)
        refused = await guest.refusal(messages.FollowOutput(task_id=2, stream="/s"))
        assert (refused.code, "signalpost output 2" in refused.detail) == ("BAD_REQUEST", True)
        follow = messages.FollowOutput(task_id=1, stream="/s")
        assert await guest.ask(follow) == messages.Accepted()
        assert place.runner.followed == [(1, "/s")]


async def test_queues_in_use_and_those_with_a_width_of_their_own_are_shown() -> None:
    async with counter() as place:
        guest = await place.speaker()
        for command in ("one", "two"):
            guest.say(run(command))
        await ran(place, guest, queue_name="other")
        await place.runner.begun(1)
        shown = await guest.ask(messages.QueueStatus())
        assert isinstance(shown, messages.Queues)
        seen = [(q.queue_name, q.width, len(q.running), len(q.waiting)) for q in shown.queues]
        assert seen == [("global", 1, 1, 1), ("wide", 4, 0, 0)]


@pytest.mark.parametrize(
    ("limit", "shown"), [(-5, [3, 2]), (0, [3, 2]), (3, [3, 2, 1]), (2**40, [3, 2, 1])]
)
async def test_all_open_tasks_are_listed_then_the_newest_ended(
    limit: int, shown: list[int]
) -> None:
    async with counter() as place:
        guest = await place.speaker()
        await ran(place, guest)
        guest.say(run("two"))
        guest.say(run("three"))
        await place.runner.begun(2)
        listed = await guest.ask(messages.ListTasks(limit=limit))
        assert isinstance(listed, messages.Tasks)
        assert [t.task_id for t in listed.tasks] == shown


async def test_a_task_that_ends_while_it_is_listed_is_listed_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with counter() as place:
        guest = await place.speaker()
        call = guest.say(run())
        ended = await place.runner.begun(1)
        look = place.store.recent

        async def recent(limit: int) -> list[TaskRow]:
            ended.end()
            await guest.answer(call)
            return await look(limit)

        monkeypatch.setattr(place.store, "recent", recent)
        listed = await guest.ask(messages.ListTasks())
        assert isinstance(listed, messages.Tasks)
        assert [(t.task_id, t.state) for t in listed.tasks] == [(1, "success")]
