"""The task tools: one handler each, an await on the broker."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import mcp.types as t

from ..transport.caller import Caller
from ..transport.messages import TaskReport
from ..transport.result_text import result_text
from . import calls, mail_fields, mail_text, render
from .asker import Asker
from .broker_port import BrokerPort, Progress
from .budget import capped
from .json_line import json_line
from .options import BridgeOptions
from .results import fields_result, result


class TaskHandlers:
    """Answers the tools that run and look after tasks."""

    def __init__(self, options: BridgeOptions, caller: Callable[[], Awaitable[Caller]]) -> None:
        self._options = options
        self._caller = caller

    async def answer(self, call: calls.Call, broker: BrokerPort, asker: Asker) -> t.CallToolResult:
        """Return the result of one call."""
        match call:
            case calls.RunTask():
                return self.result(await self._run_task(broker, asker, call))
            case calls.TaskStatus():
                report = await self._task_status(broker, asker, call)
                return self.result(report, call.lines)
            case calls.CancelTask():
                return self.result(await broker.cancel_task(call.task_id))
            case calls.ClearTaskLogs():
                deleted = await broker.clear_task_logs()
                return fields_result("signalpost/cleared", {"deleted": deleted})
            case calls.GetQueueStatus():
                return await _queue_status(broker, call)

    async def begin(self, broker: BrokerPort, call: calls.RunTask) -> TaskReport:
        """Return how a task stands when the broker has it, without waiting for its end."""
        return await self._submit(broker, call, 0, None)

    async def look(self, broker: BrokerPort, task_id: int) -> TaskReport:
        """Return how a task stands, with the end of its output."""
        return await broker.task_status(task_id, 0, self._options.tail_lines, progress=None)

    async def _run_task(self, broker: BrokerPort, asker: Asker, call: calls.RunTask) -> TaskReport:
        wait = 0 if call.notify else asker.budget

        async def ask(progress: Progress | None) -> TaskReport:
            return await self._submit(broker, call, wait, progress)

        return await asker.with_progress(ask, f"asking for a turn in queue {call.queue_name}")

    async def _submit(
        self,
        broker: BrokerPort,
        call: calls.RunTask,
        wait: float | None,
        progress: Progress | None,
    ) -> TaskReport:
        return await broker.run_task(
            call.command,
            call.working_directory,
            call.queue_name,
            timeout_seconds=call.timeout_seconds,
            env_vars=call.env_vars,
            notify=call.notify,
            on_disconnect=self._options.on_disconnect,
            wait_seconds=wait,
            progress=progress,
            caller=await self._caller(),
        )

    async def _task_status(
        self, broker: BrokerPort, asker: Asker, call: calls.TaskStatus
    ) -> TaskReport:
        wait = capped(call.wait_seconds, asker.budget)
        # A finished task shows its end without being asked for lines.
        lines = call.lines or self._options.tail_lines

        async def ask(progress: Progress | None) -> TaskReport:
            return await broker.task_status(call.task_id, wait, lines, progress=progress)

        return await asker.with_progress(ask, f"asking about task {call.task_id}")

    def result(self, report: TaskReport, asked_lines: int = 0) -> t.CallToolResult:
        """Return a task's report as the result of a call."""
        tail_lines = self._options.tail_lines
        text = result_text(report, tail_lines=tail_lines, asked_lines=asked_lines)
        return result(text, {"signalpost/task": render.task_fields(report)})


async def _queue_status(broker: BrokerPort, call: calls.GetQueueStatus) -> t.CallToolResult:
    inboxes, queues = await broker.inboxes(call.agent), render.queue_fields(await broker.queues())
    text = json_line({"inboxes": mail_text.inbox_lines(inboxes)} | queues)
    fields = {"signalpost/inboxes": mail_fields.inbox_fields(inboxes), "signalpost/queues": queues}
    return result(text, fields)
