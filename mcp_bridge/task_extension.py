"""The Tasks extension of MCP (SEP-2663): calls that are answered at once and fetched later.

    tools/call --> {resultType: task, taskId} --> tasks/get ... working
                                              |-> tasks/get ... completed, with the result
                                              `-> tasks/cancel, then cancelled

Only for requests of 2026-07-28 whose own ``_meta`` declares it. The state is the
broker's: a ``run_task`` is its task, a receive waits in the agent's inbox. What
a bridge must know is in the id itself, see :mod:`ticket`.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import Any

import mcp.types as t
from mcp.shared.exceptions import MCPError

from ..transport.errors import BadRequest, InternalFault, SignalpostError
from ..transport.messages import OPEN_STATES, TaskProgress, TaskReport
from ..transport.result_text import first_line
from . import task_shape
from .asker import Asker, Context
from .calls import RunTask
from .claims import Claims
from .clients import Clients
from .identity import AgentIdentity
from .mail_calls import ReceiveMessage
from .mail_handlers import MailHandlers
from .progress_text import progress_text
from .task_handlers import TaskHandlers
from .ticket import ReceiveTicket, RunTicket, Ticket, opened, sealed, unknown
from .ticket_key import TicketKey
from .waits import KEPT_SECONDS, POLL_MILLISECONDS, Wait, Waits

logger = logging.getLogger(__name__)

TASKS = "io.modelcontextprotocol/tasks"
FIRST_VERSION = "2026-07-28"
ANSWERED_AT_ONCE = 10.0
"""A receive of at most so many seconds is answered in its call."""
_MARK_BYTES = 16
_SAME_MOMENT = 0.001
_LEFT = "cancelled by the client; the command is left to the same call made once more"

Answer = t.CallToolResult | dict[str, Any]


def is_declared(context: Context) -> bool:
    """Return whether this very request declares the extension."""
    capabilities = context.session.client_capabilities
    extensions = capabilities.extensions if capabilities else None
    return context.protocol_version >= FIRST_VERSION and TASKS in (extensions or {})


def require(context: Context) -> None:
    """Refuse a request that does not declare the extension.

    :raises MCPError: as the protocol wants it
    """
    if context.protocol_version < FIRST_VERSION:
        raise MCPError(code=t.METHOD_NOT_FOUND, message="Method not found")
    if not is_declared(context):
        needed: dict[str, Any] = {"requiredCapabilities": {"extensions": {TASKS: {}}}}
        text = f"Missing required client capability: declare {TASKS} in this request."
        raise MCPError(code=t.MISSING_REQUIRED_CLIENT_CAPABILITY, message=text, data=needed)


class TaskExtension:
    """Makes calls into MCP tasks and serves these; ``waits`` is to hear the traffic."""

    def __init__(
        self,
        clients: Clients,
        tasks: TaskHandlers,
        mail: MailHandlers,
        key: TicketKey,
        clock: Callable[[], float],
        *,
        messages_only: bool,
    ) -> None:
        """``messages_only``: the tasks of the broker are none of its business."""
        self._clients = clients
        self._tasks = tasks
        self._mail = mail
        self._key = key
        self._clock = clock
        self._messages_only = messages_only
        self._claims = Claims()
        self.waits = Waits(mail, clock)

    async def begin(self, call: object, agent: AgentIdentity, asker: Asker) -> Answer | None:
        """Return the answer to a call that may become an MCP task; None: this one does not."""
        match call:
            case RunTask(notify=False):
                return await self._begin_run(call, agent)
            case ReceiveMessage(timeout=timeout) if timeout > ANSWERED_AT_ONCE:
                return await self._begin_receive(call, agent, asker)
            case _:
                return None

    async def get(self, name: str, agent: AgentIdentity, asker: Asker) -> dict[str, Any]:
        """Return how an MCP task stands, with its result when it has one.

        :raises MCPError: there is no such task
        """
        try:
            ticket = self._opened(name, agent)
            if isinstance(ticket, RunTicket):
                report = await self._report(ticket, agent)
                self._claims.hold(name, ticket.run)
                return self._run_shape(name, report)
            wait = await self.waits.look(name, ticket, agent, asker)
            return self._receive_shape(name, ticket, wait)
        except SignalpostError as error:
            raise _as_mcp(error) from error

    async def cancel(self, name: str, agent: AgentIdentity) -> dict[str, Any]:
        """End an MCP task: at once for the client, and for the broker when its tree is dead.

        A run that other calls want goes on for them.

        :raises MCPError: there is no such task
        """
        try:
            ticket = self._opened(name, agent)
            if isinstance(ticket, ReceiveTicket):
                self.waits.cancel(name)
            elif (await self._report(ticket, agent)).state in OPEN_STATES:
                self._leave(name, ticket, agent)
        except SignalpostError as error:
            raise _as_mcp(error) from error
        return {}

    async def update(self, name: str, agent: AgentIdentity) -> dict[str, Any]:
        """Take answers to questions: nothing here asks any.

        :raises MCPError: there is no such task
        """
        try:
            ticket = self._opened(name, agent)
            if isinstance(ticket, RunTicket):
                await self._report(ticket, agent)
        except SignalpostError as error:
            raise _as_mcp(error) from error
        return {}

    # ---------------------------------------------------------------- inside

    async def _begin_run(self, call: RunTask, agent: AgentIdentity) -> Answer | None:
        report = await self._tasks.begin(self._clients.of(agent), call)
        if report.state not in OPEN_STATES:
            return self._tasks.result(report)
        ticket = RunTicket(report.task_id, report.created_at, _mark())
        name = self._sealed(ticket, agent)
        if not name:
            return None  # the call that waits instead joins it
        self._claims.hold(name, ticket.run)
        return {"resultType": "task", **self._run_shape(name, report)}

    async def _begin_receive(
        self, call: ReceiveMessage, agent: AgentIdentity, asker: Asker
    ) -> Answer | None:
        begun = await self._mail.receiving.begin(self._mail.post_of(agent), call, asker)
        if isinstance(begun, t.CallToolResult):
            return begun
        ticket = ReceiveTicket(call, self._clock(), _mark())
        name = self._sealed(ticket, agent)
        if not name:
            return None
        wait = self.waits.begin(name, begun)
        return {"resultType": "task", **self._receive_shape(name, ticket, wait)}

    def _sealed(self, ticket: Ticket, agent: AgentIdentity) -> str:
        """Return the id of an MCP task, empty where none can be made: the disk may be full."""
        try:
            return sealed(ticket, agent, self._key.get())
        except InternalFault as error:
            logger.warning("a call waits that could be fetched later: %s", error)
            return ""

    def _opened(self, name: str, agent: AgentIdentity) -> Ticket:
        ticket = opened(name, agent, self._key.found())
        if isinstance(ticket, ReceiveTicket):
            self._refuse_expired(ticket)
        return ticket

    async def _report(self, ticket: RunTicket, agent: AgentIdentity) -> TaskReport:
        if self._messages_only:
            raise unknown()
        report = await self._tasks.look(self._clients.of(agent), ticket.task_id)
        if abs(report.created_at - ticket.created_at) > _SAME_MOMENT:
            raise unknown()  # a new store began to count anew
        return report

    def _refuse_expired(self, ticket: ReceiveTicket) -> None:
        if self._clock() > ticket.created_at + ticket.call.timeout + KEPT_SECONDS:
            raise unknown()

    def _leave(self, name: str, ticket: RunTicket, agent: AgentIdentity) -> None:
        if not self._claims.leave(name, ticket.run, self._clock()):
            self._cancel_beside(ticket.task_id, agent)

    def _cancel_beside(self, task_id: int, agent: AgentIdentity) -> None:
        broker = self._clients.of(agent)

        async def cancel() -> None:
            await broker.cancel_task(task_id)

        self._clients.beside(cancel, f"cancel task {task_id}")

    def _run_shape(self, name: str, report: TaskReport) -> dict[str, Any]:
        now, left_at = self._clock(), self._claims.left_at(name)
        about = task_shape.About(
            name,
            created_at=report.created_at,
            changed_at=left_at or report.ended_at or report.started_at or report.created_at,
            kept_until=(report.ended_at or now) + task_shape.RUN_KEPT_SECONDS,
        )
        if left_at is not None:
            return task_shape.cancelled(about, _LEFT)
        if report.state in OPEN_STATES:
            return task_shape.working(about, progress_text(TaskProgress(report)))
        if report.state == "cancelled":
            return task_shape.cancelled(about, first_line(report))
        return task_shape.completed(about, self._tasks.result(report))

    def _receive_shape(self, name: str, ticket: ReceiveTicket, wait: Wait) -> dict[str, Any]:
        ends_at = ticket.created_at + ticket.call.timeout
        about = task_shape.About(
            name,
            created_at=ticket.created_at,
            changed_at=wait.ended_at or ticket.created_at,
            kept_until=ends_at + KEPT_SECONDS,
            poll_milliseconds=POLL_MILLISECONDS,
        )
        if wait.result is not None:
            return task_shape.completed(about, wait.result)
        if wait.cancelled:
            return task_shape.cancelled(about, "cancelled by the client; no mail was taken")
        left = max(0, round(ends_at - self._clock()))
        return task_shape.working(about, f"waiting for mail, {left} s are left")


def _mark() -> str:
    return os.urandom(_MARK_BYTES).hex()


def _as_mcp(error: SignalpostError) -> MCPError:
    wrong = isinstance(error, BadRequest)
    code = t.INVALID_PARAMS if wrong else t.INTERNAL_ERROR
    return MCPError(code=code, message=f"{error.code}: {error}")
