"""The desk: serves each request of a session, or finds the queue that will.

Everything here is synchronous up to a queue's mailbox, so the order in which
the socket gave the requests is the order in which they are accepted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from anyio.abc import TaskGroup

from ..transport import frames, housekeeping, messages
from ..transport.errors import BadRequest, NotAuthorised
from ..transport.session import PERSON, Session
from .archive import Archive
from .deferred import Deferred, stopping
from .envelope import Cancel, CancelWaiting, Submit, Watch
from .intake import check, real_folder
from .post import Post
from .queues import Queues
from .reception import Reception
from .services import Services
from .task import Call, Task, key_of

_ACCEPTED = messages.Accepted()


class Endings(Protocol):
    """How the broker ends; see :mod:`ending`."""

    async def drain(self, *, force: bool) -> None:
        """Take nothing new and return when no task is open."""
        ...

    def leave(self) -> None:
        """End now."""
        ...

    def fold(self, why: str) -> None:
        """End when what runs has ended."""
        ...


class Desk:
    """Serves requests. ``draining``: no new task is taken."""

    def __init__(
        self,
        *,
        services: Services,
        reception: Reception,
        archive: Archive,
        queues: Queues,
        post: Post,
        info: Callable[[], housekeeping.Info],
        ending: Endings,
        tasks: TaskGroup,
    ) -> None:
        self._services = services
        self._reception = reception
        self._archive = archive
        self._queues = queues
        self._post = post
        self._info = info
        self._ending = ending
        self._tasks = tasks
        self._deferred = Deferred(tasks, self.reply)
        self._decoder = frames.request_decoder()
        self.draining = False

    def act(  # noqa: C901 - one flat match
        self,
        session: Session,
        correlation: bytes,
        request: messages.TaskRequest | housekeeping.Request,
    ) -> messages.Reply | None:
        """Serve a request; None: it is answered later.

        :raises SignalpostError: it is refused
        """
        if isinstance(request, messages.Heartbeat):
            return None if request.quiet else _ACCEPTED
        if not isinstance(request, messages.Bye):
            self._post.membership.touch(session)
        match request:
            case messages.RunTask():
                self._run_task(session, correlation, request)
            case messages.KeepPlace():
                return self._keep_place(session, correlation, request)
            case messages.TaskStatus():
                self._task_status(session, correlation, request)
            case messages.CancelTask(task_id=task_id):
                self._cancel_task(session, correlation, task_id)
            case messages.CancelCall(correlation=call):
                self._queues.give_up(call)
                self._post.give_up(session, call)
                self._reception.forget(call)
                return messages.Accepted()
            case messages.QueueStatus():
                return messages.Queues(queues=self._queues.states())
            case housekeeping.GetInfo():
                return self._info()
            case messages.Bye():
                session.left = True
                self._reception.answer(session.token, correlation, messages.Accepted())
                self._reception.close(session)
            case messages.ListTasks(limit=limit):
                self._deferred.answer(session.token, correlation, self._list_tasks(limit))
            case messages.ClearTaskLogs(everyone=everyone):
                self._clear_logs(session, correlation, everyone)
            case messages.ClearQueue(queue_name=name):
                self._clear_queue(session, correlation, name)
            case messages.FollowOutput(task_id=task_id, stream=stream):
                return self._follow(task_id, stream)
            case housekeeping.Stop():
                self._stop_for(session, correlation, request)
            case messages.Hello():
                raise BadRequest("hello was said already.")
        return None

    # ------------------------------------------------------------ requests

    def _run_task(self, session: Session, correlation: bytes, request: messages.RunTask) -> None:
        # When its session was gone for a while, its task may have let go of the call.
        moved = self._reception.has_moved(session, correlation)
        known = self._reception.is_known(session, correlation)
        if known and not (moved and not self._queues.awaits(correlation)):
            return
        earlier = self._archive.recovered(correlation)
        if earlier is not None:
            self._reception.answer(session.token, correlation, earlier)
            return
        if self.draining or self._archive.look():
            raise stopping()
        task = self._task(session, correlation, request)
        wait = 0.0 if request.notify else request.wait_seconds
        self._submit(session, correlation, task, wait, progress=request.progress)

    def _keep_place(
        self, session: Session, correlation: bytes, request: messages.KeepPlace
    ) -> messages.Reply | None:
        """Give a waiting task of an earlier life its request back."""
        if not self._queues.lacks(request.request_id):
            return _ACCEPTED
        asked = self._decoder.decode(request.run_task)
        if not isinstance(asked, messages.RunTask):
            raise BadRequest("keep_place needs the payload of a run_task.")
        task = self._task(session, request.request_id, asked)
        self._submit(session, correlation, task, 0.0, progress=False)
        return None

    def _task(self, session: Session, request_id: bytes, request: messages.RunTask) -> Task:
        """Return the task that a request asks for.

        :raises SignalpostError: it makes no sense
        """
        request = check(request, self._services.settings)
        folder = real_folder(request.working_directory)
        return Task(
            id=0,
            request_id=request_id,
            queue_name=request.queue_name,
            command=request.command,
            working_directory=folder,
            owner=session.shown_as,
            principal=session.principal,
            session=session.token,
            requester_pid=session.pid,
            created=self._services.clock(),
            output="",
            agent_id=0 if session.is_person else session.agent_id,
            request=request,
            key=key_of(session.principal, request, folder),
            parent=self._services.turns.parent_of(request.parent),
            expected=self._services.estimate.expect(request.command, folder),
        )

    def _submit(
        self,
        session: Session,
        correlation: bytes,
        task: Task,
        wait: float | None,
        *,
        progress: bool,
    ) -> None:
        call = Call(
            correlation=correlation,
            session=session.token,
            runs=True,
            progress=progress,
            deadline=None if wait is None else task.created.mono + wait,
        )
        self._queues.put(task.queue_name, Submit(task, call), correlation)

    def _task_status(
        self, session: Session, correlation: bytes, request: messages.TaskStatus
    ) -> None:
        wait = request.wait_seconds
        call = Call(
            correlation=correlation,
            session=session.token,
            runs=False,
            progress=request.progress,
            deadline=None if wait is None else self._services.clock().mono + max(0.0, wait),
            lines=max(0, min(200, request.lines)),
            principal=session.principal,
            agent_id=session.agent_id,
        )
        name = self._services.turns.queue_of(request.task_id)
        if name is None:
            self.answer_ended(request.task_id, call)
        else:
            self._queues.put(name, Watch(request.task_id, call), correlation)

    def _cancel_task(self, session: Session, correlation: bytes, task_id: int) -> None:
        if self._reception.is_known(session, correlation):
            return
        mine = session.principal
        call = Call(correlation, session.token, False, principal=mine, agent_id=session.agent_id)
        name = self._services.turns.queue_of(task_id)
        if name is None:
            self.answer_ended(task_id, call)
            return
        principal = None if session.is_person else mine
        self._queues.put(name, Cancel(task_id, session.shown_as, principal, call), correlation)

    def _clear_logs(self, session: Session, correlation: bytes, everyone: bool) -> None:
        if everyone and not session.is_person:
            raise NotAuthorised("only a person clears everyone's logs: signalpost clear --logs")
        if not self._reception.is_known(session, correlation):
            principal = None if everyone else session.principal
            self._deferred.answer(session.token, correlation, self._cleared(principal))

    def _clear_queue(self, session: Session, correlation: bytes, name: str) -> None:
        if not session.is_person:
            raise NotAuthorised("only a person clears a queue: signalpost clear --queue NAME")
        if self._reception.is_known(session, correlation):
            return
        call = Call(correlation=correlation, session=session.token, runs=False)
        if name not in self._queues:
            self._reception.answer(session.token, correlation, messages.Cleared(count=0))
            return
        self._queues.put(name, CancelWaiting(PERSON, call), correlation)

    def _follow(self, task_id: int, stream: str) -> messages.Reply:
        task = self._queues.find(task_id)
        if task is None or task.state != "running":
            raise BadRequest(
                f"task {task_id} does not run. Read its log: signalpost output {task_id}"
            )
        self._services.runner.follow(task_id, stream)
        return messages.Accepted()

    def _stop_for(self, session: Session, correlation: bytes, request: housekeeping.Stop) -> None:
        running = self._queues.open_tasks()
        if request.how == "ask" and running:
            named = ", ".join(f"{t.id} ({t.command[:40]})" for t in running[:5])
            raise BadRequest(
                f"{len(running)} task(s) are open: {named}."
                " Use --wait to stop after them or --force to kill them."
            )
        self._tasks.start_soon(self._end, session.token, correlation, request.how == "force")

    async def _end(self, token: bytes, correlation: bytes, force: bool) -> None:
        await self._ending.drain(force=force)
        self.reply(token, correlation, messages.Accepted())
        self._ending.leave()

    async def _list_tasks(self, limit: int) -> messages.Reply:
        """The open ones as they are now, then those that ended, newest first."""
        states = self._queues.states()
        current = [t for s in states for t in (*s.running, *s.waiting)]
        ended = await self._archive.newest_ended(max(1, min(1000, limit)))
        over = {t.task_id for t in ended}  # some of them since we looked
        current = [t for t in current if t.task_id not in over]
        shown = [*current, *ended[: max(0, limit - len(current))]]
        return messages.Tasks(tasks=sorted(shown, key=lambda t: t.task_id, reverse=True))

    async def _cleared(self, principal: str | None) -> messages.Reply:
        return messages.Cleared(count=await self._archive.clear_logs(principal))

    # ------------------------------------------------------------ later

    def answer_ended(self, task_id: int, call: Call) -> None:
        """Answer a call that asks for a task which is not open."""
        self._deferred.answer(call.session, call.correlation, self._archive.report(task_id, call))

    def reply(
        self, token: bytes, correlation: bytes, message: messages.Reply | messages.Push
    ) -> bool:
        """Send to a session; the call is closed by a reply."""
        if isinstance(message, messages.Push):
            return self._reception.tell(token, correlation, message)
        self._queues.answered(correlation)
        return self._reception.answer(token, correlation, message)
