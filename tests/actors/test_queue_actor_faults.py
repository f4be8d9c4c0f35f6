# pyright: reportPossiblyUnboundVariable=false
"""Whatever fails inside a queue's actor: nobody waits for ever, and the queue goes on."""

from __future__ import annotations

import anyio
import pytest

from signalpost.actors.envelope import Cancel, Submit, Watch
from signalpost.actors.job import Job
from signalpost.actors.supervisor import TooManyRestarts
from signalpost.actors.task import Task
from signalpost.transport import messages
from tests.actors.callers import code, started, state, state_of_second
from tests.actors.queue_words import NewCall, NewTask
from tests.actors.stand_in_runner import DONE, PATIENCE
from tests.actors.stand_ins import rounds, scene


@pytest.mark.parametrize("event", ["task_queued", "task_started", "task_completed"])
async def test_events_that_cannot_be_written_leave_no_caller_hanging(
    new_task: NewTask, new_call: NewCall, event: str
) -> None:
    async with scene() as stage:
        stage.events.fault = (event, RuntimeError("no"))
        call = await started(stage, new_task, new_call)
        for run in stage.runner.runs.values():
            run.end()
        await stage.answer(call)
        assert stage.queue.open_tasks() == []
        stage.events.fault = None
        assert await state_of_second(stage, new_task, new_call) == "success"


async def test_a_slot_is_not_free_while_the_command_lives_whatever_fails(
    new_task: NewTask, new_call: NewCall
) -> None:
    async with scene() as stage:
        stage.events.fault = ("task_started", RuntimeError("no"))
        await started(stage, new_task, new_call)
        stage.events.fault = None
        await started(stage, new_task, new_call)
        assert len(stage.runner.running) <= 1


async def test_a_job_that_cannot_be_made_fails_its_task_only(
    new_task: NewTask, new_call: NewCall
) -> None:
    async with scene() as stage:
        made = stage.briefing

        def broken(task: Task) -> Job:
            if task.command == "make":
                raise ValueError(task)
            return made(task)

        stage.briefing = broken
        call = await started(stage, new_task, new_call)
        following = await started(stage, new_task, new_call, command="ls")
        report = await stage.answer(call)
        assert isinstance(report, messages.TaskReport)
        assert (report.state, report.reason) == ("failed", "internal fault (ValueError)")
        stage.runner.runs[2].end(DONE)
        assert state(await stage.answer(following)) == "success"


async def test_a_runner_that_raises_fails_its_task_only(
    new_task: NewTask, new_call: NewCall
) -> None:
    async with scene() as stage:
        stage.runner.fault = OSError("no shim")
        call = await started(stage, new_task, new_call)
        report = await stage.answer(call)
        assert isinstance(report, messages.TaskReport)
        assert (report.state, report.reason) == ("failed", "internal fault (OSError)")
        stage.runner.fault = None
        assert await state_of_second(stage, new_task, new_call) == "success"


async def test_a_store_that_raises_leaves_no_caller_hanging(
    new_task: NewTask, new_call: NewCall
) -> None:
    async with scene() as stage:
        call = await started(stage, new_task, new_call)
        stage.store.put_fault = RuntimeError("no")
        stage.runner.runs[1].end()
        await rounds()
        assert state(stage.replies.replies(call)[0]) == "success"
        stage.store.put_fault = None
        assert await state_of_second(stage, new_task, new_call) == "success"


async def test_an_answer_that_cannot_be_sent_is_refused_as_our_fault(
    new_task: NewTask, new_call: NewCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scene() as stage:
        call = await started(stage, new_task, new_call)
        with monkeypatch.context() as patch:
            patch.setattr(stage.queue, "report", broken)
            stage.runner.runs[1].end()
            reply = await stage.answer(call)
        assert isinstance(reply, messages.Failed)
        assert (reply.code, "queue global" in reply.detail) == ("INTERNAL", True)


async def test_an_envelope_that_makes_the_rules_raise_is_answered_and_the_actor_goes_on(
    new_task: NewTask, new_call: NewCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scene() as stage:
        first = await started(stage, new_task, new_call)
        watcher, canceller = new_call(runs=False), new_call(runs=False)
        with monkeypatch.context() as patch:
            patch.setattr(stage.queue, "watch", broken)
            patch.setattr(stage.queue, "cancel", broken)
            stage.put(Watch(1, watcher), Cancel(1, "alice", "agent:alice", canceller))
            for call in (watcher, canceller):
                assert code(await stage.answer(call)) == "INTERNAL"
        stage.runner.runs[1].end()
        assert state(await stage.answer(first)) == "success"


async def test_news_and_tails_that_fail_take_nothing_down(
    new_task: NewTask, new_call: NewCall, caplog: pytest.LogCaptureFixture
) -> None:
    async with scene() as stage:
        stage.runner.tail_fault = ValueError("no")
        call = new_call(progress=True)
        stage.put(Submit(new_task(), call))
        await rounds()
        assert "the output of task 1 cannot be shown" in caplog.text
        stage.runner.runs[1].end()
        assert state(await stage.answer(call)) == "success"


async def test_a_tail_that_fails_leaves_its_watcher_not_hanging(
    new_task: NewTask, new_call: NewCall
) -> None:
    async with scene() as stage:
        await started(stage, new_task, new_call)
        stage.runner.tail_fault = ValueError("no")
        watcher = new_call(runs=False, lines=5, deadline=0.0)
        stage.put(Watch(1, watcher))
        assert state(await stage.answer(watcher)) == "running"


async def test_an_actor_that_fails_too_often_ends_the_supervisor(
    new_task: NewTask, new_call: NewCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ExceptionGroup) as caught, anyio.fail_after(PATIENCE):
        async with scene() as stage:
            await started(stage, new_task, new_call)
            monkeypatch.setattr(stage.queue, "watch", broken)
            calls = [new_call(runs=False) for _ in range(4)]
            stage.put(*(Watch(1, call) for call in calls))
            await anyio.sleep_forever()
    assert caught.group_contains(TooManyRestarts, match="queue:global")
    assert [len(stage.replies.replies(call)) for call in calls] == [1, 1, 1, 1]


def broken(*_: object, **__: object) -> None:
    raise RuntimeError("planted")
