"""Tasks that an earlier broker life started, in the hands of a queue's actor. Case 7."""

from __future__ import annotations

from signalpost.actors.envelope import Adopt, Cancel, Submit
from signalpost.actors.task import Task
from tests.actors.callers import state
from tests.actors.queue_words import NewCall, NewTask, at
from tests.actors.stand_ins import Scene, rounds, scene


def going_on(stage: Scene, new_task: NewTask, number: int, parent: int | None = None) -> Task:
    """Put back a task that runs since an earlier life."""
    task = new_task(number, state="running", started=at(-9), adopted=True, parent=parent)
    stage.turns.rejoin(task.id, "global", parent)
    stage.put(Adopt(task))
    return task


async def test_it_is_kept_as_running_and_never_handed_to_a_shim(
    new_task: NewTask, new_call: NewCall
) -> None:
    async with scene() as stage:
        going_on(stage, new_task, 20)
        call = new_call()
        stage.put(Submit(new_task(), call))
        await rounds()
        assert (stage.runner.running, stage.runner.jobs) == ([20], [])
        kept = stage.store.rows[20].state
        assert kept == "running"
        stage.runner.runs[20].end()
        (await stage.runner.begun(1)).end()
        assert state(await stage.answer(call)) == "success"
        assert stage.store.rows[20].state == "success"
        assert stage.finished == [20, 1]
        assert [job.task_id for job in stage.runner.jobs] == [1]


async def test_who_cancels_it_is_in_the_store_before_it_is_dead(
    new_task: NewTask, new_call: NewCall
) -> None:
    async with scene() as stage:
        stage.runner.deaf = True
        going_on(stage, new_task, 20)
        call = new_call()
        stage.put(Cancel(20, "person", None, call))
        await rounds()
        assert stage.runner.killed == [20]
        row = stage.store.rows[20]
        assert (row.state, row.cancelled_by) == ("running", "person")


async def test_two_that_are_one_inside_the_other_go_on_so_in_one_slot(new_task: NewTask) -> None:
    async with scene() as stage:
        outer, inner = going_on(stage, new_task, 20), going_on(stage, new_task, 21, parent=20)
        await rounds()
        assert (outer.inside, inner.inside) == (None, 20)
        stage.runner.runs[20].end()
        await rounds()
        assert stage.runner.killed == [21]
        assert stage.finished == [21, 20]


async def test_one_whose_parent_did_not_outlive_the_broker_is_killed(new_task: NewTask) -> None:
    async with scene() as stage:
        task = going_on(stage, new_task, 21, parent=20)
        await rounds()
        assert (stage.runner.killed, task.cancelled_by) == ([21], "parent")
        assert stage.finished == [21]
