"""What a queue's actor does so that turns follow each other fast."""

from __future__ import annotations

import msgspec
import pytest

from signalpost.actors.envelope import Cancel, Leave, Submit
from tests.actors.callers import started, state
from tests.actors.queue_words import NewCall, NewTask
from tests.actors.stand_ins import Scene, rounds, scene


async def two(stage: Scene, new_task: NewTask, new_call: NewCall) -> None:
    """Have task 1 run and task 2 wait behind it."""
    await started(stage, new_task, new_call)
    stage.put(Submit(new_task(session=b"second", command="next"), new_call(b"second")))
    await rounds()


async def test_a_shim_is_briefed_for_the_task_whose_turn_is_next(
    new_task: NewTask, new_call: NewCall
) -> None:
    async with scene() as stage:
        await two(stage, new_task, new_call)
        stage.put(Submit(new_task(command="third"), new_call(b"third")))
        await rounds()
        assert [job.task_id for job in stage.runner.briefed] == [2]
        stage.runner.runs[1].end()
        await rounds()
        assert [job.task_id for job in stage.runner.briefed] == [2, 3]
        assert [job.task_id for job in stage.runner.jobs] == [1, 2]


@pytest.mark.parametrize("how", ["cancel", "leave"])
async def test_a_shim_whose_task_does_not_get_its_turn_is_dismissed(
    new_task: NewTask, new_call: NewCall, how: str
) -> None:
    async with scene() as stage:
        await two(stage, new_task, new_call)
        cancel = Cancel(2, "alice", "agent:alice", new_call(runs=False))
        stage.put(cancel if how == "cancel" else Leave(b"second"))
        await rounds()
        assert stage.runner.dismissed == [2]


async def test_the_next_turn_begins_when_nothing_lives_whatever_is_still_to_be_written(
    new_task: NewTask, new_call: NewCall
) -> None:
    async with scene() as stage:
        await two(stage, new_task, new_call)
        stage.runner.runs[1].die()
        await rounds()
        assert stage.runner.running == [1, 2]
        assert [task.id for task in stage.queue.running()] == [2]
        assert stage.finished == []
        stage.runner.runs[1].end()
        await rounds()
        assert stage.finished == [1]


async def test_who_cancels_what_is_dead_is_told_how_it_ended(
    new_task: NewTask, new_call: NewCall
) -> None:
    async with scene() as stage:
        await two(stage, new_task, new_call)
        stage.runner.deaf = True
        stage.runner.runs[1].die()
        await rounds()
        cancel = new_call(runs=False)
        stage.put(Cancel(1, "alice", "agent:alice", cancel))
        await rounds()
        stage.runner.runs[1].end()
        assert state(await stage.answer(cancel)) == "success"


async def test_the_next_turn_begins_within_the_call_that_tells_of_the_death(
    new_task: NewTask, new_call: NewCall
) -> None:
    async with scene() as stage:
        await two(stage, new_task, new_call)
        stage.runner.prompt = True
        stage.runner.runs[1].die()
        assert [job.task_id for job in stage.runner.hastened] == [2]
        await rounds()
        assert stage.store.rows[2].state == "running"
        assert [job.task_id for job in stage.runner.jobs] == [1, 2]


async def test_what_was_asked_before_a_death_is_heard_before_it(
    new_task: NewTask, new_call: NewCall
) -> None:
    async with scene() as stage:
        await two(stage, new_task, new_call)
        stage.runner.prompt = True
        stage.put(Cancel(2, "alice", "agent:alice", new_call(runs=False)))
        stage.runner.runs[1].die()
        await rounds()
        assert stage.runner.hastened == []
        assert stage.store.rows[2].state == "cancelled"


async def test_a_task_that_is_not_on_disk_yet_does_not_begin_with_the_death(
    new_task: NewTask, new_call: NewCall
) -> None:
    async with scene() as stage:
        await started(stage, new_task, new_call)
        stage.runner.prompt = True
        held = stage.store.hold()
        stage.put(Submit(new_task(session=b"second", command="next"), new_call(b"second")))
        await rounds()
        stage.runner.runs[1].die()
        await rounds()
        assert (stage.runner.hastened, len(stage.runner.jobs)) == ([], 1)
        held[0]()
        await rounds()
        assert [job.task_id for job in stage.runner.jobs] == [1, 2]


async def test_who_joins_a_briefed_task_may_still_have_it_outlive_the_broker(
    new_task: NewTask, new_call: NewCall
) -> None:
    async with scene() as stage:
        await started(stage, new_task, new_call)
        stage.put(Submit(new_task(command="next", key="k"), new_call()))
        await rounds()
        joins = new_task(command="next", key="k")
        assert joins.request is not None
        joins.request = msgspec.structs.replace(joins.request, on_disconnect="finish")
        stage.put(Submit(joins, new_call()))
        await rounds()
        stage.runner.runs[1].die()
        await rounds()
        assert [job.outlives for job in stage.runner.jobs] == [False, True]


async def test_nobody_is_briefed_before_those_whose_turn_it_is_have_begun(
    new_task: NewTask, new_call: NewCall
) -> None:
    async with scene() as stage:
        held = stage.store.hold()
        await two(stage, new_task, new_call)
        assert stage.runner.briefed == []
        for answer in held:
            answer()
        await rounds()
        assert [job.task_id for job in stage.runner.briefed] == [2]
