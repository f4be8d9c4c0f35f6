"""The open tasks of an agent, as they are shown at its door. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

from ..transport.bell import OpenTask
from .agent import Agent
from .task import Task

COMMAND_SHOWN = 80


def open_tasks(
    tasks: Iterable[Task], agent: Agent, by_id: Callable[[int], Agent | None]
) -> list[OpenTask]:
    """Return those of ``tasks`` that an agent has asked for, by number.

    :param by_id: finds an agent, also by the number of one that has become another
    """
    own = [task for task in tasks if task.agent_id and by_id(task.agent_id) is agent]
    return [_shown(task) for task in sorted(own, key=lambda task: task.id)]


def _shown(task: Task) -> OpenTask:
    state: Literal["waiting", "running"] = "waiting" if task.state == "waiting" else "running"
    return OpenTask(task_id=task.id, state=state, command=task.command[:COMMAND_SHOWN])
