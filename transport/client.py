"""The async client: ``async with signalpost.connect() as client: ...``."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import anyio
import msgspec

from . import endpoint, frames, messages
from .caller import Caller
from .calls import Progress
from .errors import ProtocolMismatch, SignalpostError, TooLarge
from .link import SILENCE_SECONDS, Link
from .version import software

__all__ = ["Client", "Identity", "Progress", "connect"]

R = TypeVar("R", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is connecting.

    ``agent`` is a name, or empty for an unnamed one; ``thread`` the MCP
    client's own id of the conversation; ``label`` how an unnamed agent is shown.
    """

    kind: Literal["bridge", "client", "cli"] = "client"
    agent: str = ""
    thread: str = ""
    label: str = ""


class Client:
    """One connection to the broker. Share it between tasks; not between threads or forks."""

    def __init__(
        self,
        identity: Identity,
        *,
        data_dir: Path,
        start: bool = True,
        options: Sequence[str] = (),
    ) -> None:
        hello = messages.Hello(
            software=software(),
            kind=identity.kind,
            agent=identity.agent,
            thread=identity.thread,
            label=identity.label,
        )
        self.data_dir = data_dir
        self._link = Link(data_dir, hello, start=start, options=options)

    async def run(self) -> None:
        """Serve the connection until cancelled. Dials at the first request."""
        await self._link.run()

    async def close(self) -> None:
        """Say bye, so that the broker ends what this client left open. Takes at most 1 s."""
        with suppress(SignalpostError):  # a broker that is gone has nothing left to end
            await self._link.bye()

    @property
    def welcome(self) -> messages.Welcome | None:
        """What the broker said when the session opened; None while there is none."""
        return self._link.welcome

    @property
    def published(self) -> endpoint.Published | None:
        """The broker last dialled."""
        return self._link.published

    async def ping(self) -> None:
        """Return when the broker has answered, dialling it if need be."""
        await self._ask(messages.Heartbeat(), messages.Accepted)

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

        :param lines: how many of its last output lines are wanted, at most 200
        :raises BadRequest: there is no such task
        """
        request = messages.TaskStatus(
            task_id=task_id,
            wait_seconds=wait_seconds,
            lines=lines,
            progress=progress is not None,
        )
        deadline = None if wait_seconds is None else wait_seconds + SILENCE_SECONDS
        return await self._ask(request, messages.TaskReport, deadline=deadline, progress=progress)

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

    async def stop(self, how: Literal["ask", "wait", "force"] = "ask") -> None:
        """Stop the broker. ``ask`` is refused, naming them, while tasks are open.

        :raises BadRequest: tasks are open
        """
        deadline = None if how == "wait" else SILENCE_SECONDS
        await self._ask(messages.Stop(how=how), messages.Accepted, deadline=deadline)

    async def info(self) -> messages.Info:
        """Return what broker this is."""
        return await self._ask(messages.GetInfo(), messages.Info)

    async def _ask(
        self,
        request: messages.Request,
        expected: type[R],
        *,
        deadline: float | None = SILENCE_SECONDS,
        progress: Progress | None = None,
    ) -> R:
        answer = await self._link.ask(request, deadline=deadline, progress=progress)
        if not isinstance(answer, expected):
            raise ProtocolMismatch(
                f"expected {expected.__name__}, got {type(answer).__name__}."
                " Run `signalpost stop`, then try again."
            )
        return answer


def _check_size(command: str, environment: Mapping[bytes, bytes]) -> None:
    size = sum(len(k) + len(v) + 2 for k, v in environment.items())
    size += len(command.encode("utf-8", "surrogatepass"))
    if size > frames.MAX_ENVIRONMENT:
        raise TooLarge(
            f"environment and command have {size} bytes, the limit is {frames.MAX_ENVIRONMENT}."
            " Unset large variables or put the command into a script."
        )


@asynccontextmanager
async def connect(
    agent: str = "",
    *,
    kind: Literal["bridge", "client", "cli"] = "client",
    thread: str = "",
    label: str = "",
    data_dir: str | os.PathLike[str] | None = None,
    start: bool = True,
    options: Sequence[str] = (),
) -> AsyncGenerator[Client, None]:
    """Open a client for the life of a block, starting a broker if none runs.

    :param agent: the name to act under; empty: unnamed
    :param start: False: use a running broker only
    :param options: words for ``signalpost broker``, when one has to be started
    :raises BrokerUnavailable: none runs and none could be started
    """
    identity = Identity(kind=kind, agent=agent, thread=thread, label=label)
    client = Client(identity, data_dir=endpoint.data_dir(data_dir), start=start, options=options)
    failure: Exception | None = None
    # Whoever cancels the block still wants the bye to be said, and that takes a connection.
    connection = anyio.CancelScope(shield=True)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_serve, client, connection)
        try:
            await client.ping()
            yield client
        except Exception as error:  # noqa: BLE001 - raised below, where the task group cannot wrap it
            failure = error
        finally:
            with anyio.CancelScope(shield=True):
                await client.close()
            connection.cancel()
    if failure is not None:
        raise failure


async def _serve(client: Client, connection: anyio.CancelScope) -> None:
    with connection:
        await client.run()
