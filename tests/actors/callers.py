"""Callers of a queue's actor: what they ask for in a scene, and what they are told."""

from __future__ import annotations

from signalpost.actors.envelope import Submit
from signalpost.actors.task import Call
from signalpost.transport import messages
from tests.actors.queue_words import NewCall, NewTask
from tests.actors.stand_ins import Scene, rounds


def code(reply: messages.Reply) -> str:
    assert isinstance(reply, messages.Failed)
    return reply.code


def state(reply: messages.Reply) -> str:
    assert isinstance(reply, messages.TaskReport)
    return reply.state


async def started(stage: Scene, new_task: NewTask, new_call: NewCall, **fields: object) -> Call:
    """Submit a task and return its call once everything that follows has happened."""
    call = new_call()
    stage.put(Submit(new_task(**fields), call))
    await rounds()
    return call


async def state_of_second(stage: Scene, new_task: NewTask, new_call: NewCall) -> str:
    """Submit a second task, let its command end and return what its caller is told."""
    call = await started(stage, new_task, new_call)
    stage.runner.runs[2].end()
    return state(await stage.answer(call))
