"""Tells callers how their tasks stand: answers, refusals, and news in between."""

from __future__ import annotations

import logging

from anyio.abc import TaskGroup

from ..transport import messages
from ..transport.errors import SignalpostError
from .history import row_of
from .queue import Queue
from .services import Services
from .task import Call, Task, clip

logger = logging.getLogger(__name__)


class Herald:
    """Speaks for one queue. What cannot be told never takes the queue's actor down."""

    def __init__(self, queue: Queue, services: Services, tasks: TaskGroup) -> None:
        self._queue = queue
        self._services = services
        self._tasks = tasks

    def answer(self, call: Call, task: Task) -> None:
        """Answer a call with its task as it now is; soon, when it wants the output so far."""
        if task.is_open and call.lines:
            self._tasks.start_soon(self._answer_with_tail, call, task)
        else:
            self._report(call, task)

    def refuse(self, call: Call, error: SignalpostError) -> None:
        """Answer a call with an error."""
        self.reply(call, messages.Failed(code=error.code, detail=str(error)))

    def reply(self, call: Call, reply: messages.Reply) -> bool:
        """Answer a call; False when its session is not connected."""
        return self._services.reply(call.session, call.correlation, reply)

    def tell(self, calls: list[tuple[Call, Task]]) -> None:
        """Send news soon, with the last output line of what runs."""
        self._tasks.start_soon(self._tell, calls)

    async def _answer_with_tail(self, call: Call, task: Task) -> None:
        self._report(call, task, await self._tail(task))

    def _report(self, call: Call, task: Task, tail: bytes = b"") -> None:
        sent = self.reply(call, self._queue.report(task, self._services.clock(), tail))
        if sent and not task.is_open and not task.delivered:
            task.delivered = True
            self._services.store.put(row_of(task))

    async def _tell(self, calls: list[tuple[Call, Task]]) -> None:
        lines = {t.id: await self._last_line(t) for _, t in calls if t.state == "running"}
        now = self._services.clock()
        running = [
            messages.RunningTask(
                task_id=t.id, command=clip(t.command), owner=t.owner, elapsed_seconds=t.ran(now)
            )
            for t in self._queue.running()
        ]
        for call, task in calls:
            if task.is_open and call.correlation in task.calls:
                news = messages.TaskProgress(
                    report=self._queue.report(task, now),
                    running=running,
                    last_line=lines.get(task.id, b""),
                )
                self._services.reply(call.session, call.correlation, news)

    async def _last_line(self, task: Task) -> bytes:
        return (await self._tail(task)).rstrip().rpartition(b"\n")[2][-500:]

    async def _tail(self, task: Task) -> bytes:
        try:
            return await self._services.runner.tail(task.id)
        except Exception:
            logger.exception("the output of task %d cannot be shown", task.id)
            return b""
