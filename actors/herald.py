"""Tells callers how their tasks stand: answers, refusals, and news in between.

Nobody hears of a task before it is on disk: a broker that died in between
would not know of it, nor of its place.
"""

from __future__ import annotations

import logging

from anyio.abc import TaskGroup

from ..transport import messages
from ..transport.errors import InternalFault, SignalpostError
from .acceptance import Acceptance, Verdict
from .history import row_of
from .queue import Queue
from .services import Services
from .task import Call, Task, clip

logger = logging.getLogger(__name__)


class Herald:
    """Speaks for one queue. What cannot be told never takes the queue's actor down."""

    def __init__(
        self, queue: Queue, services: Services, tasks: TaskGroup, acceptance: Acceptance
    ) -> None:
        self._queue = queue
        self._acceptance = acceptance
        self._services = services
        self._tasks = tasks

    def answer(self, call: Call, task: Task) -> None:
        """Answer a call with its task as it is; soon, if it must be kept or read first."""
        if (verdict := self._acceptance.verdict(task.id)) is not None:
            self._tasks.start_soon(self._answer_when_kept, call, task, verdict)
        elif task.is_open and call.lines:
            self._tasks.start_soon(self._answer_kept, call, task)
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
        verdicts = [self._acceptance.verdict(task.id) for _, task in calls]
        self._tasks.start_soon(self._tell, calls, [v for v in verdicts if v is not None])

    async def _answer_when_kept(self, call: Call, task: Task, verdict: Verdict) -> None:
        try:
            await verdict.wait()
        except SignalpostError as error:
            self.refuse(call, error)
        except Exception as error:
            logger.exception("task %d is not on disk", task.id)
            self.refuse(call, InternalFault(f"the task could not be kept: {type(error).__name__}."))
        else:
            await self._answer_kept(call, task)

    async def _answer_kept(self, call: Call, task: Task) -> None:
        wanted = task.is_open and call.lines
        self._report(call, task, await self._tail(task) if wanted else b"")

    def _report(self, call: Call, task: Task, tail: bytes = b"") -> None:
        sent = self.reply(call, self._queue.report(task, self._services.clock(), tail))
        if not sent or task.is_open or task.delivered:
            return
        if call.brings_home(task.principal, task.agent_id):
            task.delivered = True
            self._services.store.put(row_of(task))
            self._services.delivered(task.agent_id, task.id)

    async def _tell(self, calls: list[tuple[Call, Task]], verdicts: list[Verdict]) -> None:
        if not await self._kept(verdicts):
            return  # one is refused; those behind it hear of that
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

    async def _kept(self, verdicts: list[Verdict]) -> bool:
        try:
            for verdict in verdicts:
                await verdict.wait()
        except Exception:
            logger.exception("no news of queue %s: they are not on disk", self._queue.name)
            return False
        return True

    async def _last_line(self, task: Task) -> bytes:
        return (await self._tail(task)).rstrip().rpartition(b"\n")[2][-500:]

    async def _tail(self, task: Task) -> bytes:
        try:
            return await self._services.runner.tail(task.id)
        except Exception:
            logger.exception("the output of task %d cannot be shown", task.id)
            return b""
