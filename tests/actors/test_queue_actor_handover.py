"""What a queue's actor does so that the next turn may begin without it, and never wrongly."""

from __future__ import annotations

import msgspec
import pytest

from signalpost.actors.envelope import Cancel, CancelWaiting, EndAll, Envelope, Leave, Submit
from tests.actors.callers import started, state
from tests.actors.queue_words import NewCall, NewTask
from tests.actors.stand_in_runner import KILLED, StandInHandover
from tests.actors.stand_ins import Scene, rounds, scene


async def two(stage: Scene, new_task: NewTask, new_call: NewCall) -> StandInHandover:
    """Have task 1 run and task 2 about to succeed it, and return how."""
    stage.runner.handovers = {}
    await started(stage, new_task, new_call)
    stage.put(Submit(new_task(session=b"second", command="next", key="k"), new_call(b"second")))
    await rounds()
    assert list(stage.runner.handovers) == [(1, 2)]
    return stage.runner.handovers[1, 2]


async def test_the_next_turn_may_begin_by_itself_while_the_actor_rests(
    new_task: NewTask, new_call: NewCall
) -> None:
    async with scene() as stage:
        handover = await two(stage, new_task, new_call)
        assert handover.offered
        stage.runner.prompt = True
        handover.take()
        handover.tell()
        assert [job.task_id for job in stage.runner.hastened] == [2]
        await rounds()
        assert [task.id for task in stage.queue.running()] == [2]
        assert handover.closed
        stage.runner.runs[1].end()
        await rounds()
        assert stage.finished == [1]


@pytest.mark.parametrize("how", ["cancel", "leave", "clear", "end all"])
async def test_who_is_taken_out_of_the_line_does_not_begin_any_more(
    new_task: NewTask, new_call: NewCall, how: str
) -> None:
    async with scene() as stage:
        handover = await two(stage, new_task, new_call)
        stage.runner.deaf = True
        envelopes: dict[str, Envelope] = {
            "cancel": Cancel(2, "alice", "agent:alice", new_call(runs=False)),
            "leave": Leave(b"second"),
            "clear": CancelWaiting("person", None),
            "end all": EndAll("broker"),
        }
        stage.put(envelopes[how])
        await rounds()
        assert not handover.offered
        assert stage.store.rows[2].state == "cancelled"
        assert stage.runner.dismissed[-1] == 2


async def test_who_began_just_before_it_was_cancelled_is_killed(
    new_task: NewTask, new_call: NewCall
) -> None:
    async with scene() as stage:
        handover = await two(stage, new_task, new_call)
        stage.runner.prompt = True
        handover.take()
        cancel = new_call(runs=False)
        stage.put(Cancel(2, "alice", "agent:alice", cancel))
        await rounds()
        assert [job.task_id for job in stage.runner.hastened] == [2]
        assert stage.runner.killed == [2]
        stage.runner.runs[2].end(KILLED)
        assert state(await stage.answer(cancel)) == "cancelled"
        assert stage.store.rows[2].started_at is not None


async def test_who_began_just_before_somebody_joined_has_not_changed(
    new_task: NewTask, new_call: NewCall
) -> None:
    async with scene() as stage:
        handover = await two(stage, new_task, new_call)
        stage.runner.prompt = True
        handover.take()
        joins = new_task(command="next", key="k")
        assert joins.request is not None
        joins.request = msgspec.structs.replace(joins.request, on_disconnect="finish")
        stage.put(Submit(joins, new_call()))
        await rounds()
        assert [job.outlives for job in stage.runner.hastened] == [False]
        assert len(stage.queue.open_tasks()) == 2


async def test_who_has_changed_since_it_was_briefed_does_not_begin_by_itself(
    new_task: NewTask, new_call: NewCall
) -> None:
    async with scene() as stage:
        handover = await two(stage, new_task, new_call)
        joins = new_task(command="next", key="k")
        assert joins.request is not None
        joins.request = msgspec.structs.replace(joins.request, on_disconnect="finish")
        stage.put(Submit(joins, new_call()))
        await rounds()
        assert not handover.offered


async def test_the_right_comes_back_when_nothing_has_changed(
    new_task: NewTask, new_call: NewCall
) -> None:
    async with scene() as stage:
        handover = await two(stage, new_task, new_call)
        stage.put(Submit(new_task(session=b"third", command="third"), new_call(b"third")))
        await rounds()
        assert handover.offered
        assert list(stage.runner.handovers or {}) == [(1, 2)]


async def test_nobody_succeeds_a_task_with_one_inside_its_turn(
    new_task: NewTask, new_call: NewCall
) -> None:
    async with scene() as stage:
        await two(stage, new_task, new_call)
        nested = new_task(session=b"third", command="inner", parent=1)
        stage.put(Submit(nested, new_call(b"third")))
        await rounds()
        assert stage.runner.handovers is not None
        assert not stage.runner.handovers[1, 2].offered
        stage.runner.runs[3].end()
        await rounds()
        assert stage.runner.handovers[1, 2].offered


async def test_nobody_begins_by_himself_where_the_queue_is_wider(
    new_task: NewTask, new_call: NewCall
) -> None:
    async with scene(width=2) as stage:
        stage.runner.handovers = {}
        for number in range(3):
            await started(stage, new_task, new_call, session=b"%d" % number, command=str(number))
        assert stage.runner.handovers == {}


async def test_nobody_begins_by_himself_before_his_task_is_on_disk(
    new_task: NewTask, new_call: NewCall
) -> None:
    async with scene() as stage:
        stage.runner.handovers = {}
        await started(stage, new_task, new_call)
        held = stage.store.hold()
        stage.put(Submit(new_task(session=b"second", command="next"), new_call(b"second")))
        await rounds()
        assert stage.runner.handovers == {}
        held[0]()
        await rounds()
        assert stage.runner.handovers[1, 2].offered


async def test_a_death_that_the_actor_hears_first_leaves_nothing_to_take(
    new_task: NewTask, new_call: NewCall
) -> None:
    async with scene() as stage:
        handover = await two(stage, new_task, new_call)
        stage.runner.prompt = True
        stage.runner.runs[1].die()
        assert not handover.offered
        assert [job.task_id for job in stage.runner.hastened] == [2]
        await rounds()
        assert stage.runner.running == [1, 2]


async def test_who_is_briefed_while_the_actor_rests_may_begin_from_then_on(
    new_task: NewTask, new_call: NewCall
) -> None:
    async with scene() as stage:
        await started(stage, new_task, new_call)
        stage.put(Submit(new_task(session=b"second", command="next"), new_call(b"second")))
        await rounds()
        stage.runner.handovers = {}
        stage.runner.on_briefed()
        assert stage.runner.handovers[1, 2].offered
