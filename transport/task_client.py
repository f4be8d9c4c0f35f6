"""The client's part for tasks: run them, look at them, end them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from . import frames, messages
from .asker import Asker, patience
from .caller import Caller
from .calls import Progress
from .errors import TooLarge


class TaskClient(Asker):
    """What a client can ask about tasks and queues."""

    async def run_task(
        self,
        command: str,
        working_directory: str | os.PathLike[str] | None = None,
        queue_name: str = "global",
        *,
        timeout_seconds: float = 1200,
        env_vars: Mapping[str, str] | None = None,
        notify: bool = False,
        on_disconnect: Literal["kill", "finish"] = "kill",
        wait_seconds: float | None = None,
        progress: Progress | None = None,
        stream: str = "",
        caller: Caller | None = None,
    ) -> messages.TaskReport:
        """Run a shell command when its turn comes and return its report.

        Cancelling the await cancels the task, unless another identical call waits for it.

        :param working_directory: absolute; this process's own when None
        :param timeout_seconds: limit of the execution; waiting never counts
        :param wait_seconds: return a report in state waiting or running after so long
        :param progress: called with news at once, on every change and every 15 s
        :raises TooLarge: environment and command together are over 1 MiB
        :raises SignalpostError: it was refused, or no broker could be asked
        """
        who = caller or Caller.of_this_process()
        _check_size(command, who.environment)
        request = messages.RunTask(
            command=command,
            working_directory=os.fspath(working_directory or Path.cwd()),
            queue_name=queue_name,
            timeout_seconds=timeout_seconds,
            environment=who.environment,
            env_vars=dict(env_vars or {}),
            umask=who.umask,
            limits=who.limits,
            nice=who.nice,
            notify=notify,
            on_disconnect=on_disconnect,
            wait_seconds=wait_seconds,
            progress=progress is not None,
            stream=stream,
            parent=who.parent,
        )
        return await self._ask(request, messages.TaskReport, deadline=None, progress=progress)

    async def task_status(
        self,
        task_id: int,
        wait_seconds: float | None = 0,
        lines: int = 0,
        *,
        progress: Progress | None = None,
    ) -> messages.TaskReport:
        """Wait for a task's end, up to ``wait_seconds`` (None: no limit), and report it.

        One that is dead is waited for up to a second in any case: its end is about to be told.

        :param lines: how many of its last output lines are wanted, at most 200
        :raises BadRequest: there is no such task
        """
        request = messages.TaskStatus(
            task_id=task_id,
            wait_seconds=wait_seconds,
            lines=lines,
            progress=progress is not None,
        )
        return await self._ask(
            request, messages.TaskReport, deadline=patience(wait_seconds), progress=progress
        )

    async def cancel_task(self, task_id: int) -> messages.TaskReport:
        """Kill a task's whole tree and return its report when it is dead.

        :raises NotAuthorised: it belongs to another agent
        :raises BadRequest: there is no such task
        """
        request = messages.CancelTask(task_id=task_id)
        return await self._ask(request, messages.TaskReport, deadline=None)

    async def clear_task_logs(self, *, everyone: bool = False) -> int:
        """Delete the logs of finished tasks, the caller's or everyone's; return how many."""
        return (await self._ask(messages.ClearTaskLogs(everyone=everyone), messages.Cleared)).count

    async def clear_queue(self, queue_name: str) -> int:
        """Cancel every waiting task of a queue; return how many."""
        return (await self._ask(messages.ClearQueue(queue_name=queue_name), messages.Cleared)).count

    async def queues(self) -> list[messages.QueueState]:
        """Return every queue that is in use."""
        return (await self._ask(messages.QueueStatus(), messages.Queues)).queues

    async def tasks(self, limit: int = 20) -> list[messages.TaskReport]:
        """Return the newest tasks, open and finished, newest first."""
        return (await self._ask(messages.ListTasks(limit=limit), messages.Tasks)).tasks

    async def follow_output(self, task_id: int, stream: str) -> None:
        """Have a running task's further output copied to the unix socket ``stream``."""
        await self._ask(messages.FollowOutput(task_id=task_id, stream=stream), messages.Accepted)


def _check_size(command: str, environment: Mapping[bytes, bytes]) -> None:
    size = sum(len(k) + len(v) + 2 for k, v in environment.items())
    size += len(command.encode("utf-8", "surrogatepass"))
    if size > frames.MAX_ENVIRONMENT:
        raise TooLarge(
            f"environment and command have {size} bytes, the limit is {frames.MAX_ENVIRONMENT}."
            " Unset large variables or put the command into a script."
        )
