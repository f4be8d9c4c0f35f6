from __future__ import annotations

import pytest

from signalpost.actors.envelope import (
    Cancel,
    EndAll,
    Envelope,
    GiveUp,
    Leave,
    Submit,
    Watch,
)
from signalpost.transport import messages
from signalpost.transport.errors import StoreFull
from tests.actors.callers import code, started, state, state_of_second
from tests.actors.queue_words import NewCall, NewTask
from tests.actors.stand_ins import rounds, scene

FULL = StoreFull("the disk is full")


# ---------------------------------------------------------------- the plain way


async def test_a_task_is_run_and_its_caller_answered(new_task: NewTask, new_call: NewCall) -> None:
    async with scene() as stage:
        call = await started(stage, new_task, new_call)
        assert stage.runner.running == [1]
        stage.runner.runs[1].end()
        report = await stage.answer(call)
        assert state(report) == "success"
        assert (stage.store.rows[1].state, stage.finished) == ("success", [1])
        assert stage.turns.open_ids() == []
        await rounds()
        assert stage.store.rows[1].delivered


async def test_a_result_that_nobody_could_be_sent_is_not_delivered(
    new_task: NewTask, new_call: NewCall
) -> None:
    async with scene() as stage:
        await started(stage, new_task, new_call)
        stage.replies.gone.add(b"s")
        stage.runner.runs[1].end()
        await rounds()
        assert stage.store.rows[1].state == "success"
        assert not stage.store.rows[1].delivered


async def test_the_environment_is_in_memory_only_until_the_start(
    new_task: NewTask, new_call: NewCall
) -> None:
    request = messages.RunTask(
        command="make",
        working_directory="/src",
        environment={b"TOKEN": b"secret"},
        env_vars={"KEY": "secret"},
        notify=True,
    )
    task = new_task(request=request)
    async with scene() as stage:
        stage.put(Submit(task, new_call()))
        await rounds()
        assert stage.runner.jobs[0].environment == {"TOKEN": "secret"}
        assert task.request is not None
        assert (task.request.environment, task.request.env_vars) == ({}, {})
        assert task.request.notify


async def test_who_asks_for_an_ended_task_is_sent_to_the_archive(new_call: NewCall) -> None:
    async with scene() as stage:
        stage.put(Watch(7, new_call()), Cancel(8, "alice", "agent:alice", new_call()))
        await rounds()
        assert stage.asked_ended == [7, 8]


async def test_a_watcher_may_have_the_output_so_far(new_task: NewTask, new_call: NewCall) -> None:
    async with scene() as stage:
        await started(stage, new_task, new_call)
        watcher = new_call(runs=False, lines=5, deadline=0.0)
        stage.put(Watch(1, watcher))
        report = await stage.answer(watcher)
        assert isinstance(report, messages.TaskReport)
        assert (report.state, report.tail) == ("running", b"one\ntwo\n")


async def test_news_tell_who_runs_and_its_last_line(new_task: NewTask, new_call: NewCall) -> None:
    async with scene() as stage:
        call = new_call(progress=True)
        stage.put(Submit(new_task(), call))
        await rounds()
        news = stage.replies.told[call.correlation][-1]
        assert isinstance(news, messages.TaskProgress)
        assert [r.task_id for r in news.running] == [1]
        assert news.last_line == b"two"


async def test_a_child_whose_parent_has_ended_is_refused(
    new_task: NewTask, new_call: NewCall
) -> None:
    async with scene() as stage:
        call = await started(stage, new_task, new_call, parent=77)
        assert code(await stage.answer(call)) == "BAD_REQUEST"
        assert stage.queue.open_tasks() == []


# ---------------------------------------------------------------- killed before it runs


@pytest.mark.parametrize("how", ["cancel", "give_up", "leave", "end_all"])
async def test_a_kill_while_the_store_commits_comes_before_the_start(
    new_task: NewTask, new_call: NewCall, how: str
) -> None:
    async with scene() as stage:
        held = stage.store.hold()
        call = await started(stage, new_task, new_call)
        assert stage.queue.running()[0].id == 1
        envelopes: dict[str, Envelope] = {
            "cancel": Cancel(1, "alice", "agent:alice", new_call(runs=False)),
            "give_up": GiveUp(call.correlation),
            "leave": Leave(b"s"),
            "end_all": EndAll("person"),
        }
        stage.put(envelopes[how])
        await rounds()
        assert stage.finished == []  # who knows what the store does with the row
        for answer in held:
            answer()
        await rounds()
        assert stage.runner.jobs == []
        assert stage.store.rows[1].state == "cancelled"
        if how != "give_up":
            assert state(await stage.answer(call)) == "cancelled"


async def test_nothing_starts_before_it_is_on_disk(new_task: NewTask, new_call: NewCall) -> None:
    async with scene() as stage:
        held = stage.store.hold()
        await started(stage, new_task, new_call)
        assert stage.runner.jobs == []
        for answer in held:
            answer()
        await rounds()
        assert stage.runner.running == [1]


async def test_nobody_hears_of_a_task_before_it_is_on_disk(
    new_task: NewTask, new_call: NewCall
) -> None:
    async with scene() as stage:
        await started(stage, new_task, new_call)
        held = stage.store.hold()
        call = new_call(progress=True, deadline=0.0)
        listening = new_call(progress=True)
        stage.put(Submit(new_task(), call), Submit(new_task(), listening))
        await rounds()
        assert {call.correlation, listening.correlation}.isdisjoint(stage.replies.told)
        for answer in held:
            answer()
        assert state(await stage.answer(call)) == "waiting"
        await rounds()
        assert stage.replies.told[listening.correlation]


async def test_who_would_not_wait_is_refused_too_when_a_task_cannot_be_kept(
    new_task: NewTask, new_call: NewCall
) -> None:
    async with scene() as stage:
        stage.store.fault = FULL
        call = new_call(deadline=0.0)
        stage.put(Submit(new_task(), call))
        assert code(await stage.answer(call)) == "STORE_FULL"


# ---------------------------------------------------------------- the store is full


async def test_a_task_that_cannot_be_kept_is_refused_and_forgotten(
    new_task: NewTask, new_call: NewCall
) -> None:
    async with scene() as stage:
        stage.store.fault = FULL
        call = await started(stage, new_task, new_call)
        assert code(await stage.answer(call)) == "STORE_FULL"
        assert (stage.runner.jobs, stage.store.forgotten) == ([], [1])
        assert stage.turns.open_ids() == []
        stage.store.fault = None
        assert await state_of_second(stage, new_task, new_call) == "success"


async def test_when_one_cannot_be_kept_the_next_goes_on(
    new_task: NewTask, new_call: NewCall
) -> None:
    async with scene() as stage:
        stage.store.refused = {2: FULL}
        first = await started(stage, new_task, new_call)
        refused, third = (
            await started(stage, new_task, new_call),
            await started(stage, new_task, new_call),
        )
        assert code(await stage.answer(refused)) == "STORE_FULL"
        stage.runner.runs[1].end()
        assert state(await stage.answer(first)) == "success"
        await rounds()
        assert stage.runner.running == [3]
        assert stage.replies.replies(third) == []


@pytest.mark.parametrize("frees", [True, False])
async def test_a_refused_task_does_not_run_although_its_turn_has_come(
    new_task: NewTask, new_call: NewCall, *, frees: bool
) -> None:
    async with scene() as stage:
        await started(stage, new_task, new_call)
        held = stage.store.hold()
        stage.store.refused = {2: FULL}
        call = await started(stage, new_task, new_call)
        if frees:
            stage.runner.runs[1].end()
            await rounds()
        held[0]()
        assert code(await stage.answer(call)) == "STORE_FULL"
        stage.runner.runs[1].end()
        await rounds()
        assert len(stage.runner.jobs) == 1
        assert (stage.queue.open_tasks(), stage.store.forgotten) == ([], [2])


async def test_a_refusal_after_the_end_takes_back_nothing(
    new_task: NewTask, new_call: NewCall
) -> None:
    async with scene() as stage:
        await started(stage, new_task, new_call)
        held = stage.store.hold()
        stage.store.refused = {2: FULL}
        call = await started(stage, new_task, new_call)
        stage.put(Cancel(2, "alice", "agent:alice", new_call(runs=False)))
        assert state(await stage.answer(call)) == "cancelled"
        held[0]()
        await rounds()
        assert (stage.finished, stage.store.forgotten) == ([2], [2])
