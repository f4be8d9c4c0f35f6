"""The results of tasks as mail: of those that nobody waits for, and those nobody took."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from ..transport.messages import TaskReport
from .agent import BROKER, Agent
from .inboxes import Inboxes
from .mail_services import MailServices
from .message import Message
from .registry import Registry
from .task import Task

UNTAKEN_SECONDS = 10.0
"""A result that no caller took for so long is posted to its owner."""


class TaskMail:
    """Posts results, and takes them back when somebody got them another way."""

    def __init__(
        self,
        registry: Registry,
        inboxes: Inboxes,
        services: MailServices,
        text_of: Callable[[TaskReport], str],
    ) -> None:
        self._registry = registry
        self._inboxes = inboxes
        self._services = services
        self._text_of = text_of

    def ended(self, task: Task) -> None:
        """A task has ended: post its result, at once or when nobody takes it."""
        owner = self._registry.by_id(task.agent_id)
        if owner is None or task.cancelled_by in ("client", owner.name):
            return
        wait = 0.0 if task.request is not None and task.request.notify else UNTAKEN_SECONDS
        asyncio.get_running_loop().call_later(wait, self._post_untaken, owner.id, task)

    def left(self, agent_id: int, report: TaskReport) -> None:
        """An earlier broker life left a result that nobody took: post it."""
        owner = self._registry.by_id(agent_id)
        if owner is not None and report.cancelled_by not in ("client", owner.name):
            self._post(owner, report)

    def delivered(self, task: Task) -> None:
        """A caller got the result: what was posted is done."""
        owner = self._registry.by_id(task.agent_id)
        if owner is not None:
            self._inboxes.tell_existing(owner, lambda inbox, now: inbox.complete(task.id, now))

    def _post_untaken(self, agent_id: int, task: Task) -> None:
        owner = self._registry.by_id(agent_id)  # it may have become another, or be no more
        if owner is not None and not task.delivered:
            self._post(owner, task.report(self._services.clock()))

    def _post(self, owner: Agent, report: TaskReport) -> None:
        metadata = {"task_id": report.task_id, "state": report.state}
        message = Message(
            seq=0,
            id=f"task-{report.task_id}",
            agent_id=owner.id,
            sender=BROKER,
            sender_id=0,
            to=owner.name,
            kind="result",
            content=self._text_of(report),
            request_id=b"",
            sent=self._services.clock(),
            metadata=json.dumps(metadata).encode(),
            task_id=report.task_id,
        )
        self._inboxes.tell(owner, lambda inbox, now: inbox.put(message, None, now))
